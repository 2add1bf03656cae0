//! Every real receiver: it starts, takes what a client of its protocol sends, and shows it.

use std::{io::Write, net::TcpStream, process::Command, sync::Arc, time::Duration};

use data_encoding::BASE64;
use daybook_testkit::{
    TestHttp,
    pki::Identity,
    receivers::{
        Kafka, ObjectStore, OtlpCollector, Rsyslog, SearchServer, SyslogPayload, SyslogTransport, Tenzir, s3,
        verify_webhook,
    },
};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use sha2::Sha256;

const PATIENCE: Duration = Duration::from_secs(20);
const INDEX: &str = "logs-1password.audit_events-default";
/// RFC 5424 with an escaped quote in its structured data, and a line feed that only octet counting carries.
const SYSLOG: &str = "<110>1 2026-01-01T00:00:00.123456Z hub daybook 1 audit [a@32473 b=\"c\\\"d\"] {\"é\":\n1}";

async fn statuses_of_bulk(server: &SearchServer, id: &str, text: &str) -> Vec<u64> {
    let action = json!({ "create": { "_index": INDEX, "_id": id } });
    let body = format!("{action}\n{}\n", json!({ "@timestamp": "2026-01-01T00:00:00Z", "message": text }));
    let url = format!("{}/_bulk", server.url());
    let answer = TestHttp::new(None).post(&url, None, "application/x-ndjson", body).await.expect_status(200).json();
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| item["create"]["status"].as_u64().unwrap()).collect()
}

async fn takes_a_document_once(server: SearchServer) {
    assert!(server.documents(INDEX).await.is_empty());
    assert_eq!(statuses_of_bulk(&server, "A", "first").await, [201]);
    assert_eq!(statuses_of_bulk(&server, "A", "again").await, [409]);
    let documents = server.wait_for(INDEX, 1, PATIENCE).await;
    assert_eq!((documents.len(), &documents[0]["_id"]), (1, &json!("A")));
    assert_eq!(documents[0]["_source"]["message"], "first");
}

#[tokio::test]
async fn elasticsearch_takes_a_document_once() {
    takes_a_document_once(SearchServer::elasticsearch()).await;
}

#[tokio::test]
async fn opensearch_takes_a_document_once() {
    takes_a_document_once(SearchServer::opensearch()).await;
}

#[tokio::test]
async fn splunk_takes_events_with_the_right_token() {
    let splunk = Tenzir::splunk("secret");
    let url = format!("{}/services/collector/event", splunk.url());
    let body = r#"{"time":1767225600.123,"sourcetype":"s","event":{"uuid":"A"}}{"event":"text"}"#;
    let send = async |authorization: &str| {
        let headers = [("authorization", authorization)];
        TestHttp::new(None).send(Method::POST, &url, None, &headers, body.into()).await
    };
    let refused = send("Splunk wrong").await;
    assert_eq!((refused.status, refused.json()["code"].as_u64()), (403, Some(4)));
    assert_eq!(send("Splunk secret").await.expect_status(200).json()["code"], 0);
    let events = splunk.wait_for(2, PATIENCE).await;
    assert_eq!((&events[0]["event"]["uuid"], &events[0]["sourcetype"]), (&json!("A"), &json!("s")));
    assert_eq!(events[1]["event"], "text");
}

#[tokio::test]
async fn an_http_server_answers_as_ordered_and_shows_requests_whole() {
    let server = Tenzir::http(&[("/api/v2/logs", 202, "{}"), ("/gone", 410, r#"{"a":"b"}"#)]);
    let http = TestHttp::new(None);
    let url = format!("{}/api/v2/logs?q=1", server.url());
    let accepted = http.send(Method::POST, &url, None, &[("x-a", "b")], b"one".to_vec()).await;
    assert_eq!((accepted.status, accepted.text.as_str()), (202, "{}"));
    let gone = http.post_json(&format!("{}/gone", server.url()), None, &json!(2)).await;
    assert_eq!((gone.status, gone.json()), (410, json!({ "a": "b" })));
    let requests = server.wait_for(2, PATIENCE).await;
    assert_eq!((&requests[0]["path"], &requests[0]["query"]["q"]), (&json!("/api/v2/logs"), &json!("1")));
    assert_eq!((&requests[0]["headers"]["x-a"], Tenzir::body_of(&requests[0])), (&json!("b"), b"one".to_vec()));
    assert_eq!(Tenzir::body_of(&requests[1]), b"2");
}

#[tokio::test]
async fn a_syslog_reads_the_formats_of_security_events() {
    let cef = "CEF:0|Daybook|Hub|1|audit|Audit event|3|act=create suser=a\\=b";
    let leef = "LEEF:1.0|Daybook|Hub|1|audit|act=create\tusrName=a=b";
    for (payload, text) in [(SyslogPayload::Text, "plain"), (SyslogPayload::Cef, cef), (SyslogPayload::Leef, leef)] {
        let syslog = Tenzir::syslog(payload);
        let message = format!("<110>1 2026-01-01T00:00:00Z hub daybook 1 audit [a@32473 b=\"c\"] {text}");
        let mut stream = TcpStream::connect(("127.0.0.1", syslog.port())).unwrap();
        stream.write_all(format!("{} {message}", message.len()).as_bytes()).unwrap();
        drop(stream);
        let events = syslog.wait_for(1, PATIENCE).await;
        assert_eq!(
            (&events[0]["hostname"], &events[0]["structured_data"]["a@32473"]["b"]),
            (&json!("hub"), &json!("c"))
        );
        let read = &events[0]["message"];
        match payload {
            SyslogPayload::Text => assert_eq!(read, "plain"),
            SyslogPayload::Cef => assert_eq!(read["extension"], json!({ "act": "create", "suser": "a=b" })),
            SyslogPayload::Leef => assert_eq!(read["attributes"], json!({ "act": "create", "usrName": "a=b" })),
        }
    }
}

#[tokio::test]
async fn rsyslog_reads_messages_over_tcp() {
    let rsyslog = Rsyslog::start(SyslogTransport::Tcp);
    let mut stream = TcpStream::connect(rsyslog.address()).unwrap();
    stream.write_all(frame().as_bytes()).unwrap();
    assert_is_the_message(&rsyslog.wait_for(1, PATIENCE).await[0]);
}

#[tokio::test]
async fn rsyslog_reads_messages_over_tls() {
    let rsyslog = Rsyslog::start(SyslogTransport::Tls);
    send_with_tls(&rsyslog, None);
    assert_is_the_message(&rsyslog.wait_for(1, PATIENCE).await[0]);
}

#[tokio::test]
async fn rsyslog_wants_a_certificate_where_it_was_told_so() {
    let rsyslog = Rsyslog::start(SyslogTransport::MutualTls);
    send_with_tls(&rsyslog, None);
    send_with_tls(&rsyslog, Some(&rsyslog.client_identity()));
    let messages = rsyslog.wait_for(1, PATIENCE).await;
    assert_is_the_message(&messages[0]);
    assert!(rsyslog.log().contains("did not provide a certificate"), "{}", rsyslog.log());
    assert_eq!(rsyslog.messages().len(), 1, "the message without a certificate is not taken");
}

const PUT_WITH_BOTO3: &str = "
import sys, boto3
from botocore.config import Config
url, access_key, secret_key, region, bucket, key, body = sys.argv[1:]
config = Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1})
s3 = boto3.client('s3', endpoint_url=url, aws_access_key_id=access_key, aws_secret_access_key=secret_key,
                  region_name=region, config=config)
try:
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), IfNoneMatch='*')
    print(200)
except s3.exceptions.ClientError as error:
    print(error.response['ResponseMetadata']['HTTPStatusCode'])
";

#[tokio::test]
async fn s3_keeps_the_first_object_of_a_name() {
    let store = ObjectStore::s3().await;
    let collectors = std::env::var_os("DAYBOOK_TEST_COLLECTORS")
        .expect("DAYBOOK_TEST_COLLECTORS is not set: run the tests with `make test`, which installs Amazon's client");
    let put = |secret_key: &str, body: &str| {
        let mut python = Command::new(std::path::Path::new(&collectors).join("python3"));
        python.args(["-c", PUT_WITH_BOTO3, store.url(), s3::ACCESS_KEY, secret_key, s3::REGION, store.bucket(), "a/b"]);
        let output = python.arg(body).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(
        [put("wrong", "none"), put(s3::SECRET_KEY, "first"), put(s3::SECRET_KEY, "again")],
        ["403", "200", "412"]
    );
    assert_eq!((store.keys().await, store.object("a/b").await), (vec!["a/b".to_owned()], b"first".to_vec()));
}

#[tokio::test]
async fn gcs_keeps_the_first_object_of_a_name() {
    let store = ObjectStore::gcs().await;
    let url =
        format!("{}/upload/storage/v1/b/{}/o?uploadType=multipart&ifGenerationMatch=0", store.url(), store.bucket());
    let send = async |text: &str| {
        let body = format!(
            "--B\r\nContent-Type: application/json\r\n\r\n{{\"name\":\"a/b\"}}\r\n--B\r\nContent-Type: text/plain\r\n\r\n\
             {text}\r\n--B--\r\n"
        );
        TestHttp::new(None).post(&url, None, "multipart/related; boundary=B", body).await.status
    };
    assert_eq!([send("first").await, send("again").await], [200, 412]);
    assert_eq!((store.keys().await, store.object("a/b").await), (vec!["a/b".to_owned()], b"first".to_vec()));
}

#[tokio::test]
async fn kafka_keeps_the_records_of_a_producer() {
    let kafka = Kafka::start();
    assert!(kafka.records("events").is_empty());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "k1:one\nk2:two\n").unwrap();
    let mut producer = Command::new("kcat");
    producer.args(["-b", &kafka.address().to_string(), "-P", "-t", "events", "-K:", "-X", "acks=all", "-l"]);
    assert!(producer.arg(file.path()).status().unwrap().success());
    let records = kafka.wait_for("events", 2, PATIENCE).await;
    let seen: Vec<_> = records.iter().map(|record| (record["key"].as_str(), record["payload"].as_str())).collect();
    assert_eq!(seen, [(Some("k1"), Some("one")), (Some("k2"), Some("two"))]);
}

#[tokio::test]
async fn an_otlp_collector_prints_its_records() {
    let collector = OtlpCollector::start();
    let record =
        json!({ "timeUnixNano": "1767225600000000000", "severityNumber": 9, "body": { "stringValue": "hello" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record, record] }] }] });
    let url = format!("{}/v1/logs", collector.http_url());
    TestHttp::new(None).post_json(&url, None, &logs).await.expect_status(200);
    let records = collector.wait_for(2, PATIENCE).await;
    assert!(records[0].contains("Body: Str(hello)"), "{}", collector.log());
    let grpc = collector.grpc_url().trim_start_matches("http://").to_owned();
    TcpStream::connect(grpc).unwrap();
}

#[test]
fn only_the_right_secret_verifies_a_webhook() {
    let key = b"daybook-test-secret-0123456789";
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let body = r#"{"type":"onepassword.auditevent"}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("msg_1.{now}.{body}").as_bytes());
    let signature = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &now), ("webhook-signature", &signature)];
    let secret = format!("whsec_{}", BASE64.encode(key));
    assert_eq!(verify_webhook(&secret, &headers, body), Ok(()));
    let refused = verify_webhook(&secret, &headers, "another body").unwrap_err();
    assert!(refused.contains("No matching signature found"), "{refused}");
}

fn frame() -> String {
    format!("{} {SYSLOG}", SYSLOG.len())
}

#[track_caller]
fn assert_is_the_message(message: &Value) {
    let wanted = json!({
        "pri": "110",
        "timestamp": "2026-01-01T00:00:00.123456Z",
        "host": "hub",
        "app": "daybook",
        "procid": "1",
        "msgid": "audit",
        "structured_data": r#"[a@32473 b="c\"d"]"#,
        "message": "{\"é\":\n1}",
    });
    assert_eq!(*message, wanted);
}

/// Sends the message as far as the server lets it: without a certificate that it wants, writing may succeed.
fn send_with_tls(rsyslog: &Rsyslog, identity: Option<&Identity>) {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(rsyslog.ca_pem())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![certificate(&identity.certificate_pem)], key).unwrap()
        }
    };
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(rsyslog.address()).unwrap());
    let sent = stream.write_all(frame().as_bytes()).and_then(|()| stream.flush());
    assert!(sent.is_ok() || identity.is_none(), "{sent:?}");
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}
