//! Log records in a real collector (rotel).

use std::time::Duration;

use daybook_connectors::{Delivered, Destination, DestinationKind};
use daybook_testkit::receivers::OtlpCollector;

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
