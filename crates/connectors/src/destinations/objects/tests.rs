//! What is promised of object stores without a receiver of the real kind.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex},
};

use daybook_testkit::{Fault, Received, Receiver, Reply, TlsSetup};

use crate::{AnyDestination, Batch, Delivered, DeliveryError, Destination, DestinationKind, testing};

const SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
/// A key made for tests, of no account.
const SERVICE_ACCOUNT: &str = include_str!("../tests_service_account.json");
const FOLDER: &str = "/events/logs/event_type=auditevents/year=2026/month=03/day=04/hour=05";

/// The objects of a store by their paths.
type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A store of S3's kind that refuses to write an object twice, and lists.
async fn store() -> (Receiver, Objects) {
    let receiver = Receiver::start().await;
    let objects = Objects::default();
    let kept = Arc::clone(&objects);
    receiver.answer_with(move |request| answer(&mut kept.lock().unwrap(), request));
    (receiver, objects)
}

fn answer(objects: &mut BTreeMap<String, Vec<u8>>, request: &Received) -> Reply {
    if request.method.as_str() == "GET" {
        let prefix = format!("{}/{}", path_of(request), request.query_value("prefix").unwrap_or_default());
        let name = |path: &String| path.trim_start_matches("/events/").to_owned();
        let listed = objects.keys().filter(|path| path.starts_with(&prefix)).map(name);
        let listed = listed.map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-03-04T05:06:07Z</LastModified><Size>1</Size></Contents>"
            )
        });
        return Reply::status(200).body(format!("<ListBucketResult>{}</ListBucketResult>", listed.collect::<String>()));
    }
    if request.header("if-none-match") == Some("*") && objects.contains_key(&path_of(request)) {
        return Reply::status(412).body("<Error><Code>PreconditionFailed</Code></Error>");
    }
    objects.insert(path_of(request), request.body.to_vec());
    Reply::status(200)
}

fn s3(receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    let url = receiver.url();
    let mut given = vec![
        ("url", url.as_str()),
        ("bucket", "events"),
        ("prefix", "logs"),
        ("access_key_id", "AKIAIOSFODNN7EXAMPLE"),
        ("secret_access_key", SECRET),
        ("timeout_secs", "2"),
    ];
    given.extend_from_slice(more);
    testing::open(DestinationKind::S3, &given).unwrap()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

/// A request's path as it is meant: `=` is escaped in it.
fn path_of(request: &Received) -> String {
    request.path.replace("%3D", "=")
}

/// The object's names without their digests.
fn names(objects: &Objects) -> Vec<String> {
    let objects = objects.lock().unwrap();
    let name = |path: &String| path.rsplit_once('/').unwrap().1.rsplit_once('-').unwrap().0.to_owned();
    objects.keys().map(name).collect()
}

/// The text of every event that is in an object of lines.
fn lines(objects: &Objects) -> Vec<String> {
    let objects = objects.lock().unwrap();
    objects.values().flat_map(|bytes| unpacked(bytes).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn texts(batch: &Batch) -> Vec<String> {
    batch.events.iter().map(|event| event.text.to_string()).collect()
}

#[tokio::test]
async fn a_batch_is_one_signed_object_of_lines() {
    let (receiver, objects) = store().await;
    let batch = testing::batch("auditevents", 3);
    let encrypted = [("server_side_encryption", "aws:kms"), ("kms_key_id", "key-1"), ("session_token", "session-1")];
    assert_eq!(s3(&receiver, &encrypted).deliver(&batch).await, Ok(Delivered::all()));
    assert_eq!(lines(&objects), texts(&batch));
    let puts: Vec<Received> = receiver.received().into_iter().filter(|it| it.method.as_str() == "PUT").collect();
    let [put] = puts.as_slice() else { panic!("{puts:?}") };
    let path = path_of(put);
    let digest = path.strip_prefix(&format!("{FOLDER}/000000000001-000000000003-")).expect(&path);
    assert!(digest.len() == "0123456789abcdef.ndjson.gz".len() && digest.ends_with(".ndjson.gz"), "{digest}");
    for (header, value) in [
        ("content-type", Some("application/gzip")),
        ("content-encoding", None),
        ("if-none-match", Some("*")),
        ("x-amz-server-side-encryption", Some("aws:kms")),
        ("x-amz-server-side-encryption-aws-kms-key-id", Some("key-1")),
        ("x-amz-security-token", Some("session-1")),
    ] {
        assert_eq!(put.header(header), value, "{header}");
    }
    let authorization = put.header("authorization").unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"), "{authorization}");
    assert!(put.header("x-amz-checksum-sha256").is_some());
}

#[tokio::test]
async fn a_repeated_attempt_writes_nothing() {
    let (receiver, objects) = store().await;
    let batch = testing::batch("auditevents", 3);
    let s3 = s3(&receiver, &[]);
    s3.deliver(&batch).await.unwrap();
    let repeated = Delivered { repeated: 3, ..Delivered::default() };
    assert_eq!(s3.deliver(&batch).await, Ok(repeated));
    assert_eq!(lines(&objects).len(), 3);
}

#[tokio::test]
async fn a_longer_batch_after_a_lost_acknowledgement_and_a_restart_adds_what_is_new() {
    let (receiver, objects) = store().await;
    let batch = testing::batch("auditevents", 9);
    // The first two requests of an attempt ask what is there, and write.
    receiver.for_next(1, &Fault::SlowAnswer { delay: std::time::Duration::ZERO });
    receiver.for_next(1, &Fault::StoreThenDrop);
    let error = s3(&receiver, &[]).deliver(&batch.slice(0..2)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    s3(&receiver, &[]).deliver(&batch.slice(2..4)).await.unwrap();
    let delivered = s3(&receiver, &[]).deliver(&batch).await.unwrap();
    assert_eq!(delivered, Delivered { repeated: 4, ..Delivered::default() });
    assert_eq!(lines(&objects), texts(&batch));
    assert_eq!(names(&objects).len(), 3, "{:?}", names(&objects));
}

#[tokio::test]
async fn an_object_that_says_something_else_is_no_reason_to_leave_events_out() {
    let (receiver, objects) = store().await;
    let (one, other) = (r#"{"uuid":"A","ip":"192.0.2.1"}"#, r#"{"uuid":"A"}"#);
    s3(&receiver, &[]).deliver(&testing::batch_of("auditevents", &[one])).await.unwrap();
    let delivered = s3(&receiver, &[]).deliver(&testing::batch_of("auditevents", &[other, other])).await.unwrap();
    assert_eq!((delivered.repeated, lines(&objects).len()), (0, 3));
}

#[tokio::test]
async fn a_store_that_may_not_be_listed_is_written_to() {
    let (receiver, objects) = store().await;
    let kept = Arc::clone(&objects);
    receiver.answer_with(move |request| match request.method.as_str() {
        "GET" => Reply::status(403).body("<Error><Code>AccessDenied</Code></Error>"),
        _ => answer(&mut kept.lock().unwrap(), request),
    });
    s3(&receiver, &[]).deliver(&testing::batch("auditevents", 2)).await.unwrap();
    assert_eq!(lines(&objects).len(), 2);
}

#[tokio::test]
async fn a_store_without_conditional_writes_is_asked_plainly_from_then_on() {
    let (receiver, objects) = store().await;
    let kept = Arc::clone(&objects);
    receiver.answer_with(move |request| match request.header("if-none-match") {
        Some(_) => Reply::status(501).body("<Error><Code>NotImplemented</Code></Error>"),
        None => answer(&mut kept.lock().unwrap(), request),
    });
    let batch = testing::batch("auditevents", 2);
    let auto = s3(&receiver, &[]);
    auto.deliver(&batch).await.unwrap();
    auto.deliver(&batch).await.unwrap();
    assert_eq!(lines(&objects).len(), 2);
    assert_eq!(receiver.received().iter().filter(|it| it.header("if-none-match").is_some()).count(), 1);
    let error = s3(&receiver, &[("create_only", "on")]).deliver(&testing::batch("itemusages", 1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("create_only=off")), "{error:?}");
}

#[tokio::test]
async fn bad_days_end_as_they_should_and_no_error_holds_a_secret() {
    let (receiver, _) = store().await;
    let batch = testing::batch("auditevents", 2);
    let body = format!("<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message><X>{SECRET}</X></Error>");
    receiver.until_told(Fault::Status { code: 403, headers: Vec::new(), body });
    let error = s3(&receiver, &[]).deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { reason, .. } if reason.ends_with("403 SignatureDoesNotMatch: no")));
    assert!(!format!("{error:?}").contains(SECRET));
    receiver.until_told(Fault::retry_after(503, 9));
    let error = s3(&receiver, &[]).deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { after: Some(wait), .. } if wait.as_secs() == 9), "{error:?}");
    receiver.until_told(Fault::status(413));
    let error = s3(&receiver, &[]).deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::TooLarge { .. }), "{error:?}");
    for fault in [Fault::BlackHole, Fault::DropBeforeReading, Fault::GarbageAnswer] {
        receiver.until_told(fault);
        let before = receiver.begun_count();
        let error = s3(&receiver, &[]).deliver(&batch).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
        assert_eq!(receiver.begun_count() - before, 1, "one attempt asks once");
    }
}

#[tokio::test]
async fn a_sign_in_page_of_a_proxy_is_no_object_written() {
    let (receiver, objects) = store().await;
    let page = Fault::Status { code: 200, headers: Vec::new(), body: "<html>Sign in</html>".to_owned() };
    receiver.until_told(page);
    let batch = testing::batch("auditevents", 2);
    let error = s3(&receiver, &[]).deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{error:?}");
    receiver.recover();
    s3(&receiver, &[]).deliver(&batch).await.unwrap();
    assert_eq!(lines(&objects), texts(&batch));
}

#[tokio::test]
async fn ocsf_is_sorted_into_classes_and_what_failed_is_tried_again() {
    let (receiver, objects) = store().await;
    let s3 = s3(&receiver, &[("format", "ocsf")]);
    let text = |class: u32| format!(r#"{{"class_uid":{class},"time":1}}"#);
    let texts = [text(3004), text(3002), text(3004), "{}".to_owned()];
    let mut batch = testing::batch_of("auditevents", &texts.each_ref().map(String::as_str));
    // Positions tell when events arrived, not when they happened.
    batch.events[0].time = batch.events[3].time;
    let kept = Arc::clone(&objects);
    receiver.answer_with(move |request| match path_of(request).contains("class_uid=3002") {
        true => Reply::status(500),
        false => answer(&mut kept.lock().unwrap(), request),
    });
    let delivered = s3.deliver(&batch).await.unwrap();
    assert_eq!(delivered.unsettled.map(|it| it.indices), Some(vec![0, 1, 2]));
    let kept = Arc::clone(&objects);
    receiver.answer_with(move |request| answer(&mut kept.lock().unwrap(), request));
    s3.deliver(&batch.pick(&[0, 1, 2])).await.unwrap();
    let paths: Vec<String> = objects.lock().unwrap().keys().cloned().collect();
    for (path, class) in paths.iter().zip(["0", "3002", "3004"]) {
        assert!(path.starts_with(&format!("/events/logs/class_uid={class}/eventDay=20260304/")), "{path}");
    }
    assert_eq!((paths.len(), lines(&objects).len()), (3, 4));
}

#[tokio::test]
async fn events_can_be_sorted_into_the_hours_in_which_they_happened() {
    let (receiver, objects) = store().await;
    let mut batch = testing::batch("auditevents", 3);
    batch.events[1].time = "2025-12-31T23:59:59Z".parse().unwrap();
    s3(&receiver, &[("partition_by", "event")]).deliver(&batch).await.unwrap();
    let paths: Vec<String> = objects.lock().unwrap().keys().cloned().collect();
    assert_eq!(paths.len(), 2);
    assert!(paths[0].contains("/year=2025/month=12/day=31/hour=23/000000000002-000000000002-"), "{paths:?}");
    assert!(paths[1].contains("/year=2026/month=03/day=04/hour=05/000000000001-000000000003-"), "{paths:?}");
}

#[tokio::test]
async fn google_gets_a_token_that_the_service_account_signed() {
    let (receiver, objects) = store().await;
    let url = receiver.url();
    let given = [("url", url.as_str()), ("bucket", "events"), ("service_account_json", SERVICE_ACCOUNT)];
    let gcs = testing::open(DestinationKind::Gcs, &given).unwrap();
    gcs.deliver(&testing::batch("auditevents", 2)).await.unwrap();
    assert_eq!(lines(&objects).len(), 2);
    let received = receiver.received();
    let put = received.iter().find(|it| it.method.as_str() == "PUT").unwrap();
    assert_eq!(put.header("x-goog-if-generation-match"), Some("0"));
    let token = put.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = data_encoding::BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    public_key().verify(signed.as_bytes(), &signature).unwrap();
}

/// The public half of the service account's key.
fn public_key() -> ring::signature::UnparsedPublicKey<Vec<u8>> {
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
    let account: serde_json::Value = serde_json::from_str(SERVICE_ACCOUNT).unwrap();
    let key = PrivatePkcs8KeyDer::from_pem_slice(account["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let pair = ring::rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    ring::signature::UnparsedPublicKey::new(algorithm, pair.public().as_ref().to_vec())
}

#[tokio::test]
async fn a_shared_access_signature_goes_along_and_is_in_no_error() {
    let receiver = Receiver::start().await;
    let url = receiver.url();
    let given = [
        ("url", url.as_str()),
        ("account", "acme"),
        ("container", "events"),
        ("sas_token", "?sv=2024-11-04&sig=a%2Bb%3D"),
        ("timeout_secs", "2"),
    ];
    let azure = testing::open(DestinationKind::AzureBlob, &given).unwrap();
    let batch = testing::batch("auditevents", 1);
    for fault in [Fault::status(403), Fault::BlackHole, Fault::DropBeforeReading] {
        receiver.until_told(fault);
        let error = format!("{:?}", azure.deliver(&batch).await.unwrap_err());
        assert!(!error.contains("sig=") && !error.contains("a+b") && !error.contains("a%2Bb"), "{error}");
    }
    let received = receiver.received();
    let put = received.iter().find(|it| it.method.as_str() == "PUT").unwrap();
    assert_eq!(put.query_value("sig").as_deref(), Some("a+b="));
    assert_eq!((put.header("if-none-match"), put.header("x-ms-blob-type")), (Some("*"), Some("BlockBlob")));
    assert_eq!(put.header("authorization"), None);
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_is_told() {
    for (setup, part) in [(TlsSetup::ExpiredCertificate, "expired"), (TlsSetup::UnknownAuthority, "UnknownIssuer")] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let ca_pem = receiver.ca_pem().to_owned();
        let error = s3(&receiver, &[("ca_pem", &ca_pem)]).deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains(part)), "{error:?}");
        assert!(receiver.received().is_empty());
    }
}

#[test]
fn settings_that_cannot_be_right_are_told_without_secrets() {
    let keys = [("access_key_id", "AKIA"), ("secret_access_key", SECRET)];
    let s3 = |more: &[(&str, &str)]| testing::open(DestinationKind::S3, &[&keys, more].concat()).unwrap_err();
    for (more, part) in [
        (&[("bucket", "a/b")][..], "bucket: must be its name alone"),
        (&[("bucket", "ab.example#x")], "bucket: must be its name alone"),
        (&[("bucket", "logs"), ("region", "evil.example/")], "region: must be such as"),
        (&[("bucket", "logs"), ("url", "http://minio.example")], "url: must begin with https://"),
        (&[("bucket", "logs"), ("url", "https://169.254.169.254")], "metadata"),
        (&[("bucket", "logs"), ("kms_key_id", "k")], "kms_key_id: is for"),
        (&[("bucket", "logs"), ("prefix", "a//b")], "prefix: must be names"),
    ] {
        assert!(s3(more).contains(part), "{}", s3(more));
    }
    let azure = |more: &[(&str, &str)]| {
        let given = [&[("account", "acme"), ("container", "logs")], more].concat();
        testing::open(DestinationKind::AzureBlob, &given).unwrap_err()
    };
    assert!(azure(&[]).contains("account_key: is missing"));
    assert!(azure(&[("account_key", "!"), ("sas_token", "x=y")]).contains("sas_token: is one too many"));
    let refused = azure(&[("account_key", "no base64, hush")]);
    assert!(refused.contains("account_key: cannot be used") && !refused.contains("hush"), "{refused}");
    let given = [("bucket", "logs"), ("service_account_json", r#"{"private_key":"hush"}"#)];
    let refused = testing::open(DestinationKind::Gcs, &given).unwrap_err();
    assert!(refused.contains("service_account_json: is no key") && !refused.contains("hush"), "{refused}");
}

#[test]
fn clouds_are_reached_by_their_own_names() {
    let host = |kind, given: &[(&str, &str)]| testing::open(kind, given).unwrap().endpoint().unwrap().host;
    let keys = [("access_key_id", "AKIA"), ("secret_access_key", SECRET), ("region", "eu-central-1")];
    let s3 = |bucket| host(DestinationKind::S3, &[&keys[..], &[("bucket", bucket)]].concat());
    assert_eq!(s3("acme-logs"), "acme-logs.s3.eu-central-1.amazonaws.com");
    assert_eq!(s3("logs.acme.example"), "s3.eu-central-1.amazonaws.com");
    let azure = [("account", "acme"), ("container", "logs"), ("account_key", "aGVsbG8=")];
    assert_eq!(host(DestinationKind::AzureBlob, &azure), "acme.blob.core.windows.net");
    let gcs = [("bucket", "logs"), ("service_account_json", SERVICE_ACCOUNT)];
    assert_eq!(host(DestinationKind::Gcs, &gcs), "storage.googleapis.com");
}
