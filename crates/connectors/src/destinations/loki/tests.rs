//! What is promised of Grafana Loki without a receiver of the real kind.

use daybook_testkit::{Fault, Receiver, Reply, TlsSetup};
use serde_json::json;

use crate::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, testing};

fn destination(receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    let url = receiver.url();
    let mut given = vec![("url", url.as_str()), ("timeout_secs", "1")];
    given.extend_from_slice(more);
    testing::open(DestinationKind::Loki, &given).unwrap()
}

async fn receiver() -> Receiver {
    let receiver = Receiver::start().await;
    receiver.answer_with(|_| Reply::status(204));
    receiver
}

#[tokio::test]
async fn events_are_lines_with_few_labels() {
    let receiver = receiver().await;
    let settings = [("tenant", "acme"), ("username", "u"), ("password", "p"), ("labels", "env=production")];
    let payload = r#"{"uuid":"A", "category":"credentials_failed","target_user":{"email":"a@b.c"},"client":{"ip_address":"203.0.113.9"}}"#;
    let batch = testing::batch_of("signinattempts", &[payload, r#"{"uuid":"B","note":"a\"b"}"#]);
    assert_eq!(destination(&receiver, &settings).deliver(&batch).await, Ok(Delivered::all()));
    let received = &receiver.received()[0];
    assert_eq!(
        (received.path.as_str(), received.header("x-scope-orgid"), received.header("authorization")),
        ("/loki/api/v1/push", Some("acme"), Some("Basic dTpw"))
    );
    let labels = json!({
        "job": "1password", "event_type": "onepassword.signinattempt", "account": "A".repeat(26), "env": "production",
    });
    let metadata = json!({
        "event_uuid": "A", "level": "warn", "user_email": "a@b.c", "client_ip": "203.0.113.9",
        "category": "credentials_failed",
    });
    let values = json!([
        ["1772600767000000000", payload, metadata],
        ["1772600768000000000", r#"{"uuid":"B","note":"a\"b"}"#, { "event_uuid": "B", "level": "info" }],
    ]);
    assert_eq!(received.json(), json!({ "streams": [{ "stream": labels, "values": values }] }));
}

#[tokio::test]
async fn what_is_sent_again_is_the_same() {
    let (receiver, batch) = (receiver().await, testing::batch("auditevents", 2));
    let destination = destination(&receiver, &[("structured_metadata", "false")]);
    receiver.for_next(1, &Fault::StoreThenDrop);
    assert!(matches!(destination.deliver(&batch).await, Err(DeliveryError::Retry { .. })));
    assert_eq!(destination.deliver(&batch).await, Ok(Delivered::all()));
    let stored = receiver.stored();
    assert_eq!((stored.len(), stored[0].body_plain()), (2, stored[1].body_plain()));
    assert_eq!(stored[0].json()["streams"][0]["values"][0].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_answer_has_one_consequence() {
    let (receiver, batch) = (receiver().await, testing::batch("auditevents", 2));
    let destination = destination(&receiver, &[("username", "u"), ("password", "hush-hush")]);
    assert!(!format!("{destination:?}").contains("hush-hush"));
    for (status, expected) in [
        (200, "Stop"),
        (202, "Stop"),
        (260, "Stop"),
        (400, "Refused"),
        (401, "Stop"),
        (404, "Stop"),
        (413, "TooLarge"),
        (429, "Retry"),
        (500, "Retry"),
        (501, "Stop"),
        (503, "Retry"),
    ] {
        receiver.for_next(1, &Fault::status(status));
        let error = format!("{:?}", destination.deliver(&batch).await.unwrap_err());
        assert!(error.starts_with(expected) && !error.contains("hush-hush"), "{status}: {error}");
    }
    receiver.for_next(1, &Fault::retry_after(429, 7));
    let error = destination.deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { after: Some(after), .. } if after.as_secs() == 7));
    receiver.for_next(1, &Fault::BlackHole);
    assert!(matches!(destination.deliver(&batch).await, Err(DeliveryError::Retry { .. })));
}

#[tokio::test]
async fn entries_that_are_too_old_are_told_by_their_time() {
    let (receiver, batch) = (receiver().await, testing::batch("auditevents", 3));
    let destination = destination(&receiver, &[]);
    let text = |time: &str| {
        format!(
            "entry for stream '{{job=\"1password\"}}' has timestamp too old: 2026-03-04T05:06:07Z, oldest acceptable \
             timestamp is: {time}\n"
        )
    };
    let body = text("2026-03-04T05:06:08Z");
    receiver.for_next(1, &Fault::Status { code: 400, headers: Vec::new(), body });
    let delivered = destination.deliver(&batch).await.unwrap();
    assert_eq!(delivered.rejected.iter().map(|it| it.index).collect::<Vec<_>>(), [0]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [1, 2]);
    let is_at_once = matches!(unsettled.error, DeliveryError::Retry { after: Some(std::time::Duration::ZERO), .. });
    assert!(is_at_once, "it is not they that are bad: {:?}", unsettled.error);

    let body = text("2026-03-05T00:00:00Z");
    receiver.for_next(1, &Fault::Status { code: 400, headers: Vec::new(), body });
    let delivered = destination.deliver(&batch).await.unwrap();
    assert_eq!((delivered.rejected.len(), delivered.unsettled), (3, None));
}

#[test]
fn settings_that_loki_would_refuse_are_refused() {
    let url = ("url", "https://loki.acme.example");
    let many: String = (0..13).map(|n| format!("l{n}=x,")).collect();
    for (given, part) in [
        (&[url, ("labels", "a-b=c")][..], "labels: \"a-b=c\" must be name=value"),
        (&[url, ("labels", "job=x")], "job is there twice"),
        (&[url, ("labels", "__a=x")], "must be name=value"),
        (&[url, ("labels", &many)], "at most 12"),
        (&[url, ("username", "u")], "password: is missing"),
        (&[url, ("tenant", "é")], "tenant: must be"),
    ] {
        let error = testing::open(DestinationKind::Loki, given).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn certificates_that_are_not_good_are_not_talked_to() {
    for setup in [TlsSetup::ExpiredCertificate, TlsSetup::UnknownAuthority] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let destination = destination(&receiver, &[("ca_pem", receiver.ca_pem())]);
        let error = destination.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}
