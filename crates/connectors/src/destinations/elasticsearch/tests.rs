//! What is promised of Elasticsearch and OpenSearch without a receiver of the real kind.

use daybook_testkit::{
    Fault, Receiver, Reply, TlsSetup,
    receiver::handlers::{BulkBehaviour, bulk},
};
use serde_json::{Value, json};

use crate::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, testing};

const KEY: &str = "hush:hush-hush";

fn try_open(url: &str, more: &[(&str, &str)]) -> Result<AnyDestination, String> {
    testing::open(DestinationKind::Elasticsearch, &[&[("url", url)], more].concat())
}

fn open(receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    try_open(&receiver.url(), more).unwrap()
}

/// Events of this name each, which is their id too.
fn named(names: &[&str]) -> crate::Batch {
    let texts: Vec<String> = names.iter().map(|name| format!(r#"{{"uuid":"{name}"}}"#)).collect();
    testing::batch_of("okta.system", &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn answers(code: u16, body: &Value) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: body.to_string() }
}

/// The answer to a batch whose events fare like this.
fn results(items: &[(u16, &str)]) -> Fault {
    let one = |(status, kind): &(u16, &str)| match *kind {
        "" => json!({ "create": { "status": status } }),
        kind => json!({ "create": { "status": status, "error": { "type": kind, "reason": "so" } } }),
    };
    let items: Vec<Value> = items.iter().map(one).collect();
    answers(200, &json!({ "took": 1, "errors": true, "items": items }))
}

#[tokio::test]
async fn events_are_created_once() {
    let (receiver, index) = (Receiver::start().await, bulk(BulkBehaviour::default()));
    receiver.answer_with(index.handler());
    let elastic = open(&receiver, &[("api_key", KEY)]);
    let batch = testing::batch("signinattempts", 3);
    assert_eq!(elastic.deliver(&batch).await, Ok(Delivered::all()));
    let again = Delivered { repeated: 3, ..Delivered::all() };
    assert_eq!(elastic.deliver(&batch).await, Ok(again));

    let documents = index.documents();
    assert_eq!(documents.len(), 3);
    let key = ("logs-1password.signin_attempts-default".to_owned(), batch.events[0].uuid.to_string());
    let expected = json!({
        "@timestamp": "2026-03-04T05:06:07Z",
        "message": &*batch.events[0].payload,
        "data_stream": { "type": "logs", "dataset": "1password.signin_attempts", "namespace": "default" },
        "tags": ["forwarded", "1password-signin_attempts"],
    });
    assert_eq!(documents[&key], expected);
    let first = &receiver.received()[0];
    assert_eq!(first.header("authorization"), Some("ApiKey aHVzaDpodXNoLWh1c2g="));
    assert_eq!(first.header("content-encoding"), Some("gzip"));
    assert_eq!(
        first.query_value("filter_path").unwrap(),
        "errors,items.*.status,items.*.error.type,items.*.error.reason"
    );
}

#[tokio::test]
async fn a_lost_answer_makes_no_repeats() {
    let (receiver, index) = (Receiver::start().await, bulk(BulkBehaviour::default()));
    receiver.answer_with(index.handler());
    receiver.for_next(1, &Fault::TruncatedAnswer);
    let elastic = open(&receiver, &[]);
    let batch = named(&["a", "b"]);
    let error = elastic.deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    assert_eq!(elastic.deliver(&batch).await.unwrap().repeated, 2);
    assert_eq!(index.documents().len(), 2);
}

#[tokio::test]
async fn each_event_has_its_own_fate() {
    let behaviour =
        BulkBehaviour { malformed_marker: Some("poison".to_owned()), busy_once_marker: Some("busy".to_owned()) };
    let (receiver, index) = (Receiver::start().await, bulk(behaviour));
    receiver.answer_with(index.handler());
    let elastic = open(&receiver, &[]);
    let batch = named(&["fine", "poison", "busy", "good"]);
    let delivered = elastic.deliver(&batch).await.unwrap();
    let rejected: Vec<_> = delivered.rejected.iter().map(|it| (it.index, it.reason.as_str())).collect();
    let reason = "the receiver answered 400: document_parsing_exception: [poison]: document_parsing_exception";
    assert_eq!(rejected, [(1, reason)]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [2]);
    assert!(matches!(unsettled.error, DeliveryError::Retry { .. }), "{unsettled:?}");
    assert_eq!(elastic.deliver(&batch.pick(&unsettled.indices)).await, Ok(Delivered::all()));
    assert_eq!(index.documents().len(), 3);
}

/// What becomes of two events with these results, in a word.
async fn fate(items: [(u16, &str); 2]) -> String {
    let receiver = Receiver::start().await;
    receiver.until_told(results(&items));
    match open(&receiver, &[]).deliver(&named(&["a", "b"])).await {
        Err(DeliveryError::Retry { .. }) => "retry".to_owned(),
        Err(DeliveryError::Stop { .. }) => "stop".to_owned(),
        Err(error) => panic!("{error:?}"),
        Ok(Delivered { rejected, repeated, unsettled, .. }) => {
            let rejected: Vec<usize> = rejected.iter().map(|it| it.index).collect();
            let unsettled = unsettled.map(|it| (it.indices, matches!(it.error, DeliveryError::Stop { .. })));
            format!("{rejected:?} {repeated} {unsettled:?}")
        }
    }
}

#[tokio::test]
async fn every_result_has_its_consequence() {
    let taken = (201, "");
    for (second, alone, both) in [
        ((409, "version_conflict_engine_exception"), "[] 1 None", "[] 2 None"),
        ((409, "resource_already_exists_exception"), "[] 0 Some(([1], false))", "retry"),
        ((429, "es_rejected_execution_exception"), "[] 0 Some(([1], false))", "retry"),
        ((429, "cluster_block_exception"), "[] 0 Some(([1], false))", "retry"),
        ((503, "unavailable_shards_exception"), "[] 0 Some(([1], false))", "retry"),
        ((403, "security_exception"), "[] 0 Some(([1], true))", "stop"),
        ((403, "cluster_block_exception"), "[] 0 Some(([1], true))", "stop"),
        ((404, "index_not_found_exception"), "[] 0 Some(([1], true))", "stop"),
        ((400, "unsupported_operation_exception"), "[] 0 Some(([1], true))", "stop"),
        ((400, "document_parsing_exception"), "[1] 0 None", "[0, 1] 0 None"),
        ((400, "mapper_parsing_exception"), "[1] 0 None", "[0, 1] 0 None"),
        ((413, ""), "[1] 0 None", "[0, 1] 0 None"),
    ] {
        assert_eq!(fate([taken, second]).await, alone, "{second:?}");
        assert_eq!(fate([second, second]).await, both, "{second:?}");
    }
    assert_eq!(fate([(403, "security_exception"), (429, "")]).await, "retry");
}

#[tokio::test]
async fn reasons_quote_no_event() {
    let receiver = Receiver::start().await;
    let reason = "[1:9] failed to parse field [a] of type [ip]. Preview of field's value: 'secret'";
    let error = json!({ "type": "document_parsing_exception", "reason": reason });
    let items = json!([{ "create": { "status": 400, "error": error } }]);
    receiver.for_next(1, &answers(200, &json!({ "errors": true, "items": items })));
    let delivered = open(&receiver, &[]).deliver(&named(&["a"])).await.unwrap();
    let expected =
        "the receiver answered 400: document_parsing_exception: [1:9] failed to parse field [a] of type [ip].";
    assert_eq!(delivered.rejected[0].reason, expected);
}

#[tokio::test]
async fn answers_of_other_systems_are_understood() {
    let receiver = Receiver::start().await;
    let elastic = open(&receiver, &[]);
    let one = json!([{ "create": { "status": 201 } }]);
    // One result for all, before or after the word on errors.
    receiver.for_next(1, &answers(200, &json!({ "errors": false, "items": one })));
    let last = format!(r#"{{"items":{one},"errors":false}}"#);
    receiver.for_next(1, &Fault::Status { code: 200, headers: Vec::new(), body: last });
    receiver.for_next(1, &answers(200, &json!({ "errors": true, "items": one })));
    receiver.for_next(1, &answers(200, &json!("Welcome!")));
    let batch = named(&["a", "b"]);
    assert_eq!(elastic.deliver(&batch).await, Ok(Delivered::all()));
    assert_eq!(elastic.deliver(&batch).await, Ok(Delivered::all()));
    let error = elastic.deliver(&batch).await.unwrap_err();
    assert_eq!(error, DeliveryError::refused("the receiver tells of errors, with 1 results for 2 events"));
    let error = elastic.deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix == "check the URL"), "{error:?}");
}

#[tokio::test]
async fn the_template_is_there_before_the_first_event() {
    let (receiver, index) = (Receiver::start().await, bulk(BulkBehaviour::default()));
    let handler = index.handler();
    receiver.answer_with(move |received| {
        if received.path.starts_with("/es/_index_template/") {
            Reply::json(200, &json!({ "acknowledged": true }))
        } else {
            handler(received)
        }
    });
    let url = format!("{}/es", receiver.url());
    let elastic = try_open(&url, &[("format", "ecs"), ("install_template", "true"), ("namespace", "prod")]).unwrap();
    receiver.for_next(1, &Fault::status(503));
    let page = Fault::Status { code: 200, headers: Vec::new(), body: "<html>Sign in</html>".to_owned() };
    receiver.for_next(1, &page);
    let error = elastic.deliver(&named(&["a"])).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { .. }), "{error:?}");
    let error = elastic.deliver(&named(&["a"])).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{error:?}");
    receiver.for_next(1, &Fault::status(503));
    receiver.for_next(1, &answers(400, &json!({ "error": "no" })));
    let errors = [elastic.deliver(&named(&["a"])).await, elastic.deliver(&named(&["a"])).await];
    assert!(
        matches!(&errors, [Err(DeliveryError::Retry { .. }), Err(DeliveryError::Stop { fix, .. })] if fix.contains("install_template=false")),
        "{errors:?}"
    );
    for name in ["a", "b"] {
        assert_eq!(elastic.deliver(&named(&[name])).await, Ok(Delivered::all()));
    }
    let received = receiver.received();
    let requests: Vec<String> = received[4..].iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    let bulk = "POST /es/logs-okta.system-prod/_bulk";
    assert_eq!(requests, ["PUT /es/_index_template/daybook-logs-okta.system-prod", bulk, bulk]);
    let template = received[4].json();
    assert_eq!(template["index_patterns"], json!(["logs-okta.system-prod"]));
    assert_eq!((&template["data_stream"], &template["priority"]), (&json!({}), &json!(250)));
}

#[tokio::test]
async fn bad_days_say_what_to_do_and_keep_the_password() {
    let receiver = Receiver::start().await;
    let elastic = open(&receiver, &[("username", "daybook"), ("password", "hush-hush"), ("timeout_secs", "1")]);
    let faults = [
        Fault::retry_after(429, 7),
        Fault::status(429),
        Fault::status(413),
        Fault::status(400),
        Fault::BlackHole,
        Fault::status(401),
        Fault::status(404),
    ];
    let mut texts = format!("{elastic:?}");
    for (fault, word) in faults.iter().zip(["after 7", "retry", "too large", "refused", "retry", "stop", "stop"]) {
        receiver.for_next(1, fault);
        let error = elastic.deliver(&named(&["a", "b"])).await.unwrap_err();
        texts.push_str(&format!("{error:?}"));
        let seen = match error {
            DeliveryError::Retry { after: Some(after), .. } => format!("after {}", after.as_secs()),
            DeliveryError::Retry { .. } => "retry".to_owned(),
            DeliveryError::TooLarge { .. } => "too large".to_owned(),
            DeliveryError::Refused { .. } => "refused".to_owned(),
            DeliveryError::Stop { .. } => "stop".to_owned(),
        };
        assert_eq!(seen, word, "{fault:?}");
    }
    assert_eq!(receiver.received()[0].header("authorization"), Some("Basic ZGF5Ym9vazpodXNoLWh1c2g="));
    assert!(!texts.contains("hush") && !texts.contains("ZGF5"), "{texts}");
}

#[tokio::test]
async fn a_certificate_that_is_not_to_be_trusted_gets_no_event() {
    for (setup, word) in [(TlsSetup::ExpiredCertificate, "expired"), (TlsSetup::UnknownAuthority, "UnknownIssuer")] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let elastic = open(&receiver, &[("ca_pem", receiver.ca_pem())]);
        let error = elastic.deliver(&named(&["a"])).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains(word)), "{error:?}");
        assert_eq!(receiver.received().len(), 0);
    }
}

#[test]
fn settings_are_checked() {
    let url = "https://es.acme.example:9200";
    for (given, part) in [
        (&[("username", "u")][..], "password: is missing"),
        (&[("password", "p")], "username: is missing"),
        (&[("api_key", "k"), ("username", "u"), ("password", "p")], "api_key: goes without"),
        (&[("api_key", "a\nb")], "api_key: must be one line"),
        (&[("namespace", "my-space")], "namespace: must be"),
        (&[("index", "Logs")], "index: must be"),
        (&[("index", "a/b")], "index: must be"),
        (&[("index", "_all")], "index: must be"),
        (&[("install_template", "true")], "install_template: is for the formats ecs and ocsf"),
    ] {
        let error = try_open(url, given).unwrap_err();
        assert!(error.starts_with(part), "{error}");
    }
    assert!(try_open(url, &[("index", "daybook-{feature}")]).is_ok());
}
