//! What is promised of Microsoft Sentinel without a receiver of the real kind.

use std::collections::{BTreeMap, BTreeSet};

use daybook_testkit::{Fault, Received, Receiver, Reply};
use serde_json::{Value, json};

use crate::{
    AnyDestination, Batch, Delivered, DeliveryError, Destination, DestinationKind, testing, testing::batch_of,
};

const SECRET: &str = "q1~hush-hush";
const TEMPLATE: &str = include_str!("../../../../../docs/destinations/sentinel.arm.json");

/// Entra ID and a data collection endpoint in one: it gives numbered tokens that live so many seconds.
async fn azure(lifetime_secs: u64) -> Receiver {
    let receiver = Receiver::start().await;
    let given = std::sync::atomic::AtomicUsize::new(0);
    receiver.answer_with(move |request: &Received| {
        if !request.path.ends_with("/oauth2/v2.0/token") {
            return Reply::status(204);
        }
        let number = given.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let token = format!("token-{number}");
        Reply::json(200, &json!({"token_type": "Bearer", "expires_in": lifetime_secs, "access_token": token}))
    });
    receiver
}

fn sentinel(receiver: &Receiver) -> AnyDestination {
    let url = receiver.url();
    let given = [
        ("tenant_id", "T1"),
        ("client_id", "C1"),
        ("client_secret", SECRET),
        ("url", url.as_str()),
        ("authority_url", url.as_str()),
        ("dcr_id", "dcr-1"),
    ];
    testing::open(DestinationKind::Sentinel, &given).unwrap()
}

/// What each request was for, and with which token.
fn steps(receiver: &Receiver) -> Vec<String> {
    let step = |request: &Received| request.header("authorization").unwrap_or("asks for a token").to_owned();
    receiver.received().iter().map(step).collect()
}

fn large() -> Batch {
    let event = format!(r#"{{"x":"{}"}}"#, "x".repeat(40_000));
    batch_of("auditevents", &[event.as_str(), event.as_str()])
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_events_go_to_the_stream() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    for _ in 0..2 {
        let batch = batch_of("auditevents", &[r#"{"uuid":"A"}"#]);
        assert_eq!(sentinel.deliver(&batch).await, Ok(Delivered::all()));
    }
    assert_eq!(steps(&receiver), ["asks for a token", "Bearer token-1", "Bearer token-1"]);
    let received = receiver.received();
    assert_eq!(received[0].path, "/T1/oauth2/v2.0/token");
    assert_eq!(
        received[0].text(),
        "grant_type=client_credentials&client_id=C1&client_secret=q1%7Ehush-hush&scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
    );
    assert_eq!(received[1].path, "/dataCollectionRules/dcr-1/streams/Custom-OnePasswordEventLogs_CL");
    assert_eq!(
        (received[1].query.as_str(), received[1].header("content-encoding")),
        ("api-version=2023-01-01", Some("gzip"))
    );
    assert_eq!(received[1].json(), json!([{"log_source": "auditevents", "uuid": "A"}]));
}

#[tokio::test]
async fn a_token_near_its_end_is_not_used_again() {
    let receiver = azure(300).await;
    let sentinel = sentinel(&receiver);
    for _ in 0..2 {
        assert_eq!(sentinel.deliver(&testing::batch("auditevents", 1)).await, Ok(Delivered::all()));
    }
    assert_eq!(steps(&receiver), ["asks for a token", "Bearer token-1", "asks for a token", "Bearer token-2"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    let batch = testing::batch("auditevents", 1);
    assert_eq!(sentinel.deliver(&batch).await, Ok(Delivered::all()));
    receiver.for_next(1, &Fault::status(401));
    assert_eq!(sentinel.deliver(&batch).await, Ok(Delivered::all()));
    let expected = ["asks for a token", "Bearer token-1", "Bearer token-1", "asks for a token", "Bearer token-2"];
    assert_eq!(steps(&receiver), expected);

    // One that is refused though it is new is no token of this API.
    receiver.answer_with(|request: &Received| match request.header("authorization") {
        None => Reply::json(200, &json!({"expires_in": 3600, "access_token": "t"})),
        Some(_) => Reply::status(401),
    });
    let error = sentinel.deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("cloud")), "{error:?}");
    assert_eq!(receiver.received().len(), expected.len() + 3);
}

#[tokio::test]
async fn an_authority_that_refuses_stops_and_one_that_is_busy_does_not() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    let body = json!({"error": "invalid_client", "error_description": format!("AADSTS7000215: {SECRET} is wrong")});
    receiver.for_next(1, &Fault::Status { code: 401, headers: Vec::new(), body: body.to_string() });
    let error = sentinel.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    let text = format!("{error:?} {sentinel:?}");
    assert!(text.contains("AADSTS7000215: [secret] is wrong") && text.contains("client_secret"), "{text}");
    assert!(matches!(error, DeliveryError::Stop { .. }) && !text.contains(SECRET), "{text}");

    receiver.for_next(1, &Fault::retry_after(429, 9));
    receiver.for_next(1, &Fault::DropBeforeReading);
    for expected in [Some(9), None] {
        let error = sentinel.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        let DeliveryError::Retry { reason, after } = error else { panic!("{error:?}") };
        assert!(reason.starts_with("no token"), "{reason}");
        assert_eq!(after.map(|wait| wait.as_secs()), expected);
    }
}

#[tokio::test]
async fn a_404_means_too_large_only_where_it_can() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    assert_eq!(sentinel.deliver(&large()).await, Ok(Delivered::all()));
    receiver.until_told(Fault::status(404));
    let error = sentinel.deliver(&large()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::TooLarge { .. }), "{error:?}");
    for small in [large().slice(0..1), testing::batch("auditevents", 2)] {
        let error = sentinel.deliver(&small).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("dcr_id")), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_sent() {
    let receiver = azure(3600).await;
    let event = format!(r#"{{"x":"{}"}}"#, "x".repeat(200_000));
    let batch = batch_of("auditevents", &[event.as_str(); 5]);
    let error = sentinel(&receiver).deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::TooLarge { .. }), "{error:?}");
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn another_success_than_the_apis_takes_no_events() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    assert_eq!(sentinel.deliver(&testing::batch("auditevents", 1)).await, Ok(Delivered::all()));
    receiver.for_next(1, &Fault::status(200));
    let error = sentinel.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{error:?}");
}

#[tokio::test]
async fn statuses_have_their_own_fix() {
    let receiver = azure(3600).await;
    let sentinel = sentinel(&receiver);
    assert_eq!(sentinel.deliver(&large()).await, Ok(Delivered::all()));
    for (status, word) in [(403, "Monitoring Metrics Publisher"), (404, "url, dcr_id and stream")] {
        receiver.for_next(1, &Fault::status(status));
        let error = sentinel.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains(word)), "{error:?}");
    }
    receiver.for_next(1, &Fault::retry_after(429, 30));
    let error = sentinel.deliver(&large()).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { after: Some(after), .. } if after.as_secs() == 30), "{error:?}");
    for (status, is_refused) in [(400, true), (413, false)] {
        receiver.for_next(1, &Fault::status(status));
        let error = sentinel.deliver(&large()).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Refused { .. }), is_refused, "{error:?}");
        assert_eq!(matches!(error, DeliveryError::TooLarge { .. }), !is_refused, "{error:?}");
    }
}

#[test]
fn a_rule_is_known_by_its_immutable_id() {
    let url = ("url", "https://dcr.ingest.monitor.azure.com");
    let given = [url, ("tenant_id", "T"), ("client_id", "C"), ("client_secret", "S"), ("dcr_id", "my-rule")];
    let error = testing::open(DestinationKind::Sentinel, &given).unwrap_err();
    assert!(error.starts_with("dcr_id: must begin with dcr-"), "{error}");
}

fn columns(columns: &Value) -> BTreeMap<&str, &str> {
    let columns = columns.as_array().unwrap();
    columns.iter().map(|it| (it["name"].as_str().unwrap(), it["type"].as_str().unwrap())).collect()
}

#[test]
fn the_template_has_a_column_for_every_member() {
    let template: Value = serde_json::from_str(TEMPLATE).unwrap();
    let [table, rule] = [0, 1].map(|index| &template["resources"][index]);
    let stream = columns(&rule["properties"]["streamDeclarations"]["Custom-OnePasswordEventLogs_CL"]["columns"]);
    for feature in ["auditevents", "signinattempts", "itemusages"] {
        let batch = testing::batch(feature, 1);
        let body: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&super::encode::body_of(&batch)).unwrap();
        let unknown: Vec<_> = body[0].keys().filter(|name| !stream.contains_key(name.as_str())).collect();
        assert!(unknown.is_empty(), "{feature}: {unknown:?}");
    }
    // What the transformation gives is what the table takes: `type` is a name that Azure keeps for itself.
    let mut given = stream;
    given.remove("type");
    given.extend([("TimeGenerated", "datetime"), ("uuid_s", "string"), ("action_type", "string")]);
    let table = columns(&table["properties"]["schema"]["columns"]);
    assert_eq!(given, table);
    let reserved: BTreeSet<&str> = ["id", "type", "title", "tenantid", "uniqueid"].into();
    assert!(table.keys().all(|name| !reserved.contains(name.to_lowercase().as_str())));
}
