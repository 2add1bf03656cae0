//! Log records in a real collector (rotel).

use std::time::Duration;

use daybook_connectors::{Delivered, DeliveryError, Destination, DestinationKind};
use daybook_testkit::{TlsProxy, TlsSetup, receivers::OtlpCollector};

use crate::support::{NOW_SECS, audit_events, open};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_collector_takes_records_over_http_and_grpc() {
    for protocol in ["http", "grpc"] {
        for compression in ["gzip", "none"] {
            let collector = OtlpCollector::start();
            let url = if protocol == "http" { collector.http_url() } else { collector.grpc_url() };
            let given = [("url", url.as_str()), ("protocol", protocol), ("compression", compression)];
            let destination = open(DestinationKind::Otlp, &given);
            let batch = audit_events(12);
            assert_eq!(destination.deliver(&batch).await, Ok(Delivered::all()), "{protocol}, {compression}");
            // The last one is printed whole when there is one more.
            assert_eq!(destination.deliver(&audit_events(1)).await, Ok(Delivered::all()));
            let records = collector.wait_for(13, PATIENCE).await;
            for (n, (record, event)) in (0i64..).zip(records.iter().zip(&batch.events)) {
                let body = format!("Body: Str({})", event.payload);
                let uid = format!("-> log.record.uid: Str({})", event.uuid);
                for part in [body.as_str(), &uid, "onepassword.auditevent", "user.email", &(NOW_SECS + n).to_string()] {
                    assert!(record.contains(part), "{protocol}, {compression}: {part} is not in\n{record}");
                }
            }
            let log = collector.log();
            assert!(log.contains("service.name: Str(1password-events)"), "{log}");
        }
    }
}

/// A collector behind TLS, and the options of a destination that finds it there.
async fn encrypted(protocol: &str, setup: TlsSetup) -> (OtlpCollector, TlsProxy, Vec<(&'static str, String)>) {
    let collector = OtlpCollector::start();
    let (url, alpn) =
        if protocol == "grpc" { (collector.grpc_url(), "h2") } else { (collector.http_url(), "http/1.1") };
    let target = url.trim_start_matches("http://").parse().unwrap();
    let proxy = TlsProxy::start(target, setup, &[alpn]).await;
    let given = vec![
        ("url", format!("https://{}", proxy.address())),
        ("protocol", protocol.to_owned()),
        ("ca_pem", proxy.ca_pem().to_owned()),
    ];
    (collector, proxy, given)
}

fn open_with(given: &[(&str, String)]) -> daybook_connectors::AnyDestination {
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    open(DestinationKind::Otlp, &given)
}

#[tokio::test]
async fn a_collector_takes_records_over_tls() {
    for protocol in ["http", "grpc"] {
        let (collector, proxy, mut given) = encrypted(protocol, TlsSetup::ClientCertificateRequired).await;
        let error = open_with(&given).deliver(&audit_events(1)).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{protocol}: without a certificate: {error:?}");
        let identity = proxy.client_identity();
        given.push(("client_certificate_pem", identity.certificate_pem));
        given.push(("client_key_pem", identity.key_pem));
        let destination = open_with(&given);
        let batch = audit_events(12);
        assert_eq!(destination.deliver(&batch).await, Ok(Delivered::all()), "{protocol}");
        // The last one is printed whole when there is one more.
        assert_eq!(destination.deliver(&audit_events(1)).await, Ok(Delivered::all()), "{protocol}");
        let records = collector.wait_for(13, PATIENCE).await;
        assert_eq!(records.len(), 13, "{protocol}");
        for (record, event) in records.iter().zip(&batch.events) {
            assert!(record.contains(&format!("-> log.record.uid: Str({})", event.uuid)), "{protocol}: {record}");
        }
    }
}

#[tokio::test]
async fn a_collector_of_an_unknown_authority_is_sent_nothing() {
    for protocol in ["http", "grpc"] {
        let (collector, _proxy, given) = encrypted(protocol, TlsSetup::UnknownAuthority).await;
        let error = open_with(&given).deliver(&audit_events(1)).await.unwrap_err();
        assert!(error.to_string().contains("UnknownIssuer"), "{protocol}: {error}");
        assert!(collector.records().is_empty(), "{protocol}");
    }
}
