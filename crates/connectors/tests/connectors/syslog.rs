//! rsyslog, over TCP, TLS and mutual TLS, with and without faults on the way.

use std::{collections::BTreeSet, time::Duration};

use daybook_connectors::{AnyDestination, Batch, DeliveryError, Destination, DestinationKind};
use daybook_events::AUDIT_EVENTS;
use daybook_testkit::{
    FaultProxy, events,
    receivers::{Rsyslog, SyslogTransport},
};
use serde_json::{Value, json};

use crate::support;

const PATIENCE: Duration = Duration::from_secs(20);

fn open(port: u16, more: &[(&str, &str)]) -> AnyDestination {
    let port = port.to_string();
    let given = [("host", "127.0.0.1"), ("port", &port), ("timeout_secs", "5")];
    let given: Vec<(&str, &str)> = given.iter().chain(more).copied().collect();
    support::open(DestinationKind::Syslog, &given)
}

fn payloads(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| events::audit_event(n).to_string()).collect()
}

fn batch(numbers: std::ops::Range<u64>) -> Batch {
    let first = i64::try_from(numbers.start).unwrap() + 1;
    support::batch(&AUDIT_EVENTS, first, &payloads(numbers))
}

/// What a receiver has understood of the events themselves.
fn payloads_of(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| message["message"].as_str().unwrap().trim_start().to_owned()).collect()
}

/// A receiver that keeps an identity for clients, and the settings that speak to it.
fn tls_settings(rsyslog: &Rsyslog) -> Vec<(&'static str, String)> {
    let identity = rsyslog.client_identity();
    vec![
        ("ca_pem", rsyslog.ca_pem().to_owned()),
        ("client_certificate_pem", identity.certificate_pem),
        ("client_key_pem", identity.key_pem),
    ]
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn rsyslog_reads_every_field_of_a_message() {
    let rsyslog = Rsyslog::start(SyslogTransport::Tcp);
    let more = [("transport", "tcp"), ("enterprise_number", "32473"), ("hostname", "hub-1")];
    open(rsyslog.address().port(), &more).deliver(&batch(0..1)).await.unwrap();
    let messages = rsyslog.wait_for(1, PATIENCE).await;
    let uuid = events::uuid(&AUDIT_EVENTS, 0);
    let account = "A".repeat(26);
    let data = format!("[daybook@32473 uuid=\"{uuid}\" account=\"{account}\" position=\"1\"]");
    let header = ["pri", "host", "app", "procid", "msgid", "structured_data", "timestamp"];
    let seen: Vec<&Value> = header.iter().map(|name| &messages[0][*name]).collect();
    let time = "2026-03-04T05:06:07Z";
    assert_eq!(json!(seen), json!(["110", "hub-1", "daybook", "-", "auditevents", data, time]), "{messages:#?}");
    assert_eq!(payloads_of(&messages), payloads(0..1));
}

#[tokio::test]
async fn every_transport_framing_and_confirmation_delivers_in_order() {
    for transport in [SyslogTransport::Tcp, SyslogTransport::Tls, SyslogTransport::MutualTls] {
        let rsyslog = Rsyslog::start(transport);
        let tls = tls_settings(&rsyslog);
        let spoken = if transport == SyslogTransport::Tcp { "tcp" } else { "tls" };
        for (round, (framing, confirm)) in
            [("octet-counting", "queue"), ("newline", "queue"), ("octet-counting", "close")].into_iter().enumerate()
        {
            let mut more = vec![("transport", spoken), ("framing", framing), ("confirm", confirm)];
            more.extend(borrowed(&tls));
            let syslog = open(rsyslog.address().port(), &more);
            for numbers in [0..300, 300..500] {
                let delivered = syslog.deliver(&batch(numbers)).await;
                assert!(delivered.is_ok(), "{transport:?} {framing} {confirm}: {delivered:?}\n{}", rsyslog.log());
            }
            let messages = rsyslog.wait_for(500 * (round + 1), PATIENCE).await;
            assert!(payloads_of(&messages[500 * round..]) == payloads(0..500), "{transport:?} {framing} {confirm}");
        }
    }
}

#[tokio::test]
async fn cuts_in_the_middle_lose_nothing() {
    let rsyslog = Rsyslog::start(SyslogTransport::Tls);
    let mut proxy = FaultProxy::start(rsyslog.address().to_string()).await;
    let tls = tls_settings(&rsyslog);
    let syslog = open(proxy.address().port(), &borrowed(&tls));
    let mut failure_count = 0;
    for round in 0..8 {
        let batch = batch(round * 100..(round + 1) * 100);
        if round % 2 == 1 {
            // The batch has about 60 KiB; it is cut while it is on its way.
            proxy.throttle(200_000);
            let cut = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                proxy.cut().await;
                proxy.restore().await;
            };
            let (delivered, ()) = tokio::join!(syslog.deliver(&batch), cut);
            if let Err(error) = &delivered {
                assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
                failure_count += 1;
            }
            if delivered.is_ok() {
                continue;
            }
        }
        syslog.deliver(&batch).await.unwrap();
    }
    // A machine in between acknowledges for itself: what is lost of one batch comes again before the next.
    syslog.deliver(&batch(800..801)).await.unwrap();
    let expected: BTreeSet<String> = payloads(0..801).into_iter().collect();
    let started = std::time::Instant::now();
    loop {
        let seen: BTreeSet<String> = payloads_of(&rsyslog.messages()).into_iter().collect();
        if expected.is_subset(&seen) {
            break;
        }
        let missing = expected.difference(&seen).count();
        assert!(started.elapsed() < PATIENCE, "{missing} events are missing after {failure_count} failures");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(proxy.connection_count() > 1);
}

#[tokio::test]
async fn a_receiver_that_wants_a_certificate_gets_nothing_without_one() {
    let rsyslog = Rsyslog::start(SyslogTransport::MutualTls);
    let ca = rsyslog.ca_pem().to_owned();
    for confirm in ["queue", "close"] {
        let error = open(rsyslog.address().port(), &[("ca_pem", &ca), ("confirm", confirm)])
            .deliver(&batch(0..1))
            .await
            .unwrap_err();
        let reason = error.to_string();
        assert!(reason.contains("TLS handshake"), "{confirm}: {error:?}");
    }
    assert!(rsyslog.messages().is_empty());
}

#[tokio::test]
async fn a_receiver_of_an_unknown_authority_is_sent_nothing() {
    let rsyslog = Rsyslog::start(SyslogTransport::Tls);
    let error = open(rsyslog.address().port(), &[]).deliver(&batch(0..1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("ca_pem")), "{error:?}");
    assert!(rsyslog.messages().is_empty());
}
