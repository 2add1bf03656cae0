//! What is promised of OTLP without a receiver of the real kind.

use data_encoding::BASE64;
use daybook_testkit::{Fault, Receiver, Reply, TlsSetup};
use reqwest::header::HeaderMap;

use super::{
    answer::{self, PartialSuccess, read_protobuf},
    config::Config,
    encode::export_request,
    grpc,
    protobuf::{Message, Value, fields, last},
};
use crate::{Delivered, DeliveryError, Destination, DestinationKind, RefusedUnnamed, Settings, testing};

const URL: (&str, &str) = ("url", "https://otel.acme.example:4318");

fn config(given: &[(&str, &str)]) -> Config {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::of(&Settings::check(DestinationKind::Otlp.description(), &given).unwrap()).unwrap()
}

/// The message in a field of a message.
fn inner(bytes: &[u8], number: u32) -> Vec<u8> {
    last(&fields(bytes).unwrap(), number).unwrap().bytes().to_vec()
}

/// The attributes of a record or resource, as texts.
fn attributes(bytes: &[u8], number: u32) -> Vec<(String, String)> {
    let all = fields(bytes).unwrap();
    let pairs = all.iter().filter(|(field, _)| *field == number).map(|(_, pair)| pair.bytes());
    pairs
        .map(|pair| {
            let name = String::from_utf8(inner(pair, 1)).unwrap();
            let any = inner(pair, 2);
            let (field, value) = fields(&any).unwrap()[0];
            let shown = if field == 4 { f64::from_bits(value.number()).to_string() } else { value.text() };
            (name, shown)
        })
        .collect()
}

#[test]
fn a_sign_in_becomes_a_record_with_its_attributes() {
    let payload = daybook_testkit::events::sign_in_attempt(9).to_string();
    let batch = testing::batch_of("signinattempts", &[&payload]);
    let request = export_request(&config(&[URL]), &testing::context(&std::env::temp_dir()), &batch);
    let resource_logs = inner(&request, 1);
    let resource = attributes(&inner(&resource_logs, 1), 1);
    assert_eq!(resource[0], ("service.name".to_owned(), "1password-events".to_owned()));
    assert_eq!(resource[2], ("onepassword.account.uuid".to_owned(), "A".repeat(26)));
    let record = inner(&inner(&resource_logs, 2), 2);
    let at = |number| last(&fields(&record).unwrap(), number).unwrap().number();
    let nanos = testing::NOW_SECS.cast_unsigned() * 1_000_000_000;
    assert_eq!((at(1), at(11), at(2)), (nanos, nanos, 13));
    assert_eq!((inner(&record, 3), inner(&record, 12)), (b"WARN".to_vec(), b"onepassword.signinattempt".to_vec()));
    assert_eq!(inner(&inner(&record, 5), 1), payload.as_bytes());
    let attributes = attributes(&record, 6);
    let value = |name: &str| attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(value("log.record.uid"), Some(&*batch.events[0].uuid));
    assert_eq!(value("onepassword.category"), Some("credentials_failed"));
    for name in
        ["user.id", "user.email", "user.full_name", "client.address", "geo.country.iso_code", "geo.location.lat"]
    {
        assert!(value(name).is_some(), "{name}: {attributes:?}");
    }
}

#[test]
fn events_of_other_services_keep_to_their_id() {
    let batch = testing::batch_of("okta.system", &[r#"{"uuid":"A","user":{"email":"a@b.c"}}"#, "[]"]);
    let request = export_request(&config(&[URL]), &testing::context(&std::env::temp_dir()), &batch);
    let resource_logs = inner(&request, 1);
    assert_eq!(attributes(&inner(&resource_logs, 1), 1)[0].1, "okta");
    let scope_logs = inner(&resource_logs, 2);
    let records = fields(&scope_logs).unwrap();
    let names: Vec<String> = records[1..].iter().flat_map(|(_, it)| attributes(it.bytes(), 6)).map(|it| it.1).collect();
    assert_eq!(names, ["A", "okta.system-2"]);
}

#[test]
fn headers_are_secret() {
    let good = config(&[URL, ("headers", "Authorization: Bearer hush\n\napi-key:hush")]);
    assert_eq!(good.headers["authorization"], "Bearer hush");
    assert!(!format!("{good:?}").contains("hush"));
    let error = testing::open(DestinationKind::Otlp, &[URL, ("headers", "api-key: a\nhush")]).unwrap_err();
    assert_eq!(error, "headers: line 2 must be a name, a colon and a value");
}

fn grpc_answer(code: u32, message: &str, retry_secs: Option<u64>) -> Result<Delivered, DeliveryError> {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", code.to_string().parse().unwrap());
    headers.insert("grpc-message", message.parse().unwrap());
    if let Some(seconds) = retry_secs {
        let mut status = Message::default();
        status.varint(1, code.into()).message(3, |any| {
            any.bytes(1, b"type.googleapis.com/google.rpc.RetryInfo").message(2, |info| {
                info.message(1, |delay| {
                    delay.varint(1, seconds);
                });
            });
        });
        headers.insert("grpc-status-details-bin", BASE64.encode(&status.0).parse().unwrap());
    }
    answer::of_grpc(&grpc::read(200, &headers, Vec::new()), 2)
}

#[test]
fn every_grpc_status_has_one_consequence() {
    assert_eq!(grpc_answer(0, "", None), Ok(Delivered::all()));
    for code in [1, 4, 10, 11, 14, 15] {
        assert!(matches!(grpc_answer(code, "", None), Err(DeliveryError::Retry { after: None, .. })), "{code}");
    }
    for code in [2, 5, 6, 7, 8, 9, 12, 13, 16, 99] {
        assert!(matches!(grpc_answer(code, "", None), Err(DeliveryError::Stop { .. })), "{code}");
    }
    assert_eq!(
        grpc_answer(3, "no%20good%2", None),
        Err(DeliveryError::refused("the receiver answered 3 (INVALID_ARGUMENT): no good%2"))
    );
    let large = grpc_answer(8, "grpc: received message larger than max (5 vs. 4)", None);
    assert!(matches!(large, Err(DeliveryError::TooLarge { .. })), "{large:?}");
    for code in [8, 14] {
        let error = grpc_answer(code, "busy", Some(7)).unwrap_err();
        let DeliveryError::Retry { after, .. } = error else { panic!("{error:?}") };
        assert_eq!(after.unwrap().as_secs(), 7);
    }
}

#[test]
fn an_answer_without_a_grpc_status_is_of_something_in_between() {
    for (status, retries) in [(503, true), (429, true), (401, false), (404, false), (200, false)] {
        let error = answer::of_grpc(&grpc::read(status, &HeaderMap::new(), Vec::new()), 1).unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), retries, "{status}: {error:?}");
    }
}

/// An answer that says that so many records were refused.
fn partial(rejected: u64) -> Vec<u8> {
    let mut answer = Message::default();
    answer.message(1, |partial| {
        partial.varint(1, rejected).bytes(2, b"too old");
    });
    answer.0
}

#[test]
fn partial_success_is_read() {
    assert_eq!(read_protobuf(&[]), Some(PartialSuccess::default()));
    let expected = PartialSuccess { rejected: 3, message: "too old".to_owned() };
    assert_eq!(read_protobuf(&partial(3)), Some(expected));
    assert_eq!(read_protobuf(b"<html>"), None);
    assert_eq!(fields(&partial(3)).unwrap().len(), 1);
    assert!(matches!(fields(&partial(3)).unwrap()[0], (1, Value::Bytes(_))));
}

fn destination(receiver: &Receiver, more: &[(&str, &str)]) -> crate::AnyDestination {
    let url = receiver.url();
    let mut given = vec![("url", url.as_str()), ("timeout_secs", "1"), ("headers", "api-key: hush-hush")];
    given.extend_from_slice(more);
    testing::open(DestinationKind::Otlp, &given).unwrap()
}

#[tokio::test]
async fn what_was_refused_in_part_is_not_sent_again() {
    let (receiver, batch) = (Receiver::start().await, testing::batch("auditevents", 3));
    let destination = destination(&receiver, &[]);
    receiver.answer_with(|_| Reply::status(200).header("content-type", "application/x-protobuf").body(partial(2)));
    // Which two is not said: no event may become a dead letter for it, and they are counted.
    let delivered = destination.deliver(&batch).await.unwrap();
    let reason = "the receiver refused 2 of 3 records and does not say which: too old".to_owned();
    assert_eq!(delivered.refused_unnamed, Some(RefusedUnnamed { count: 2, reason }));
    assert_eq!((delivered.rejected, delivered.unsettled), (Vec::new(), None));
    receiver.answer_with(|_| Reply::status(200).header("content-type", "application/x-protobuf").body(partial(0)));
    assert_eq!(destination.deliver(&batch).await, Ok(Delivered::all()), "a warning refuses nothing");
    receiver.answer_with(|_| {
        let body = r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#;
        Reply::status(200).header("content-type", "application/json").body(body)
    });
    let delivered = destination.deliver(&batch).await.unwrap();
    let rejected: Vec<(usize, &str)> = delivered.rejected.iter().map(|it| (it.index, it.reason.as_str())).collect();
    let reason = "the receiver refused it: too old";
    assert_eq!(rejected, [(0, reason), (1, reason), (2, reason)]);
    let received = receiver.received();
    assert_eq!((received[0].path.as_str(), received[0].header("api-key")), ("/v1/logs", Some("hush-hush")));
    assert_eq!((received[0].header("content-encoding"), received.len()), (Some("gzip"), 3));
}

#[tokio::test]
async fn a_page_that_can_be_read_as_protobuf_is_none() {
    let (receiver, batch) = (Receiver::start().await, testing::batch("auditevents", 1));
    // A line end begins the first field, of as many bytes as `<` is.
    let page = format!("\n<!DOCTYPE html>{}", "x".repeat(46));
    assert!(fields(page.as_bytes()).is_some());
    receiver.answer_with(move |_| Reply::status(200).body(page.clone()));
    let error = destination(&receiver, &[]).deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{error:?}");
}

#[tokio::test]
async fn only_four_statuses_are_tried_again() {
    let (receiver, batch) = (Receiver::start().await, testing::batch("auditevents", 2));
    let destination = destination(&receiver, &[]);
    for (status, expected) in [
        (429, "Retry"),
        (502, "Retry"),
        (503, "Retry"),
        (504, "Retry"),
        (500, "Stop"),
        (408, "Stop"),
        (501, "Stop"),
        (401, "Stop"),
        (404, "Stop"),
        (400, "Refused"),
        (413, "TooLarge"),
    ] {
        receiver.for_next(1, &Fault::status(status));
        let error = format!("{:?}", destination.deliver(&batch).await.unwrap_err());
        assert!(error.starts_with(expected) && !error.contains("hush-hush"), "{status}: {error}");
    }
    receiver.for_next(1, &Fault::retry_after(429, 7));
    let error = destination.deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { after: Some(after), .. } if after.as_secs() == 7));
}

#[tokio::test]
async fn connections_that_fail_are_tried_again() {
    let (receiver, batch) = (Receiver::start().await, testing::batch("auditevents", 2));
    let destination = destination(&receiver, &[]);
    for fault in [Fault::StoreThenDrop, Fault::BlackHole, Fault::GarbageAnswer] {
        receiver.for_next(1, &fault);
        let error = destination.deliver(&batch).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{fault:?}: {error:?}");
    }
    let stored = receiver.stored();
    assert_eq!((stored.len(), stored[0].body_plain()), (2, stored[1].body_plain()));
}

#[tokio::test]
async fn a_receiver_of_http_1_is_no_grpc_receiver() {
    let receiver = Receiver::start().await;
    let destination = destination(&receiver, &[("protocol", "grpc")]);
    let error = destination.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    assert!(receiver.stored().is_empty());
}

#[tokio::test]
async fn certificates_that_are_not_good_are_not_talked_to() {
    for setup in [TlsSetup::ExpiredCertificate, TlsSetup::UnknownAuthority] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let destination = destination(&receiver, &[("ca_pem", receiver.ca_pem())]);
        let error = destination.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(receiver.received().is_empty());
    }
}
