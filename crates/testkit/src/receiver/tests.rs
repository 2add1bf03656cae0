//! Every fault as a client meets it, and what the record says of it.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use reqwest::{Client, ClientBuilder, Error, Method, Response};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::json;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const IMPATIENCE: Duration = Duration::from_millis(300);

/// What the client's connection met, from the error's chain.
fn chain(error: &Error) -> String {
    format!("{error:?}")
}

fn builder() -> ClientBuilder {
    configured(RootCertStore::empty(), None)
}

fn client() -> Client {
    builder().build().unwrap()
}

async fn send(client: &Client, receiver: &Receiver, body: impl Into<Bytes>) -> Result<Response, Error> {
    client.post(format!("{}/in?a=b%20c", receiver.url())).body(body.into()).send().await
}

async fn status(client: &Client, receiver: &Receiver) -> u16 {
    send(client, receiver, "x").await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_request_is_recorded_and_answered_by_the_handler() {
    let receiver = Receiver::start().await;
    receiver.answer_with(|received| Reply::json(202, &json!({ "bytes": received.body.len() })).header("X-A", "b"));
    let answer = send(&client(), &receiver, "one").await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["x-a"].to_str().unwrap()), (202, "b"));
    assert_eq!(answer.text().await.unwrap(), r#"{"bytes":3}"#);

    let received = receiver.wait_for(1, PATIENCE).await;
    assert_eq!((received[0].method.clone(), received[0].path.as_str()), (Method::POST, "/in"));
    assert_eq!(received[0].query_value("a").as_deref(), Some("b c"));
    assert_eq!((&received[0].body[..], received[0].stored), (&b"one"[..], true));
}

#[tokio::test]
async fn compressed_bodies_are_kept_as_sent_and_read_plain() {
    let receiver = Receiver::start().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(br#"{"a":1}"#).unwrap();
    let bodies = [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(&br#"{"a":1}"#[..], 1).unwrap())];
    for (encoding, body) in bodies.clone() {
        client().post(receiver.url()).header("Content-Encoding", encoding).body(body).send().await.unwrap();
    }
    let received = receiver.wait_for(2, PATIENCE).await;
    for (received, (_, sent)) in received.iter().zip(bodies) {
        assert_eq!((received.body.to_vec(), received.json()), (sent, json!({ "a": 1 })));
    }
}

#[tokio::test]
async fn faults_are_taken_in_order_then_the_standing_one_then_the_handler() {
    let (receiver, client) = (Receiver::start().await, client());
    receiver.for_next(2, &Fault::status(503));
    receiver.for_next(1, &Fault::retry_after(429, 7));
    receiver.until_told(Fault::status(500));
    assert_eq!([status(&client, &receiver).await, status(&client, &receiver).await], [503, 503]);
    let answer = send(&client, &receiver, "x").await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!([status(&client, &receiver).await, status(&client, &receiver).await], [500, 500]);
    receiver.recover();
    assert_eq!(status(&client, &receiver).await, 200);
    let stored: Vec<bool> = receiver.received().iter().map(|received| received.stored).collect();
    assert_eq!(stored, [false, false, false, false, false, true]);
    assert_eq!((receiver.stored().len(), receiver.connection_count()), (1, 1));
}

#[tokio::test]
async fn answers_are_lost_after_the_handler_has_seen_the_request() {
    for fault in [Fault::StoreThenDrop, Fault::TruncatedAnswer, Fault::GarbageAnswer] {
        for setup in [None, Some(TlsSetup::Valid)] {
            let receiver = ReceiverBuilder { tls: setup }.start().await;
            let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let counter = Arc::clone(&seen);
            receiver.answer_with(move |_| {
                counter.fetch_add(1, Ordering::Relaxed);
                Reply::json(200, &json!({ "text": "Success" }))
            });
            let client = if setup.is_some() { trusting(&receiver, None) } else { client() };
            receiver.for_next(1, &fault);
            let answer = match send(&client, &receiver, "batch").await {
                Ok(answer) => answer.text().await,
                Err(error) => Err(error),
            };
            assert!(answer.is_err(), "{fault:?} gave {answer:?}");
            let stored = receiver.wait_for_stored(1, PATIENCE).await;
            assert_eq!((&stored[0].body[..], seen.load(Ordering::Relaxed)), (&b"batch"[..], 1), "{fault:?}");
            assert_eq!(send(&client, &receiver, "again").await.unwrap().status(), 200, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_dropped_before_reading_stores_nothing() {
    let receiver = Receiver::start().await;
    receiver.for_next(1, &Fault::DropBeforeReading);
    assert!(send(&client(), &receiver, "x").await.is_err());
    let received = receiver.wait_for(1, PATIENCE).await;
    assert_eq!((received[0].body.len(), received[0].stored), (0, false));
}

#[tokio::test]
async fn a_reset_comes_after_the_bytes_it_was_told() {
    let receiver = Receiver::start().await;
    receiver.for_next(1, &Fault::ResetAfter { bytes: 5 });
    let error = send(&client(), &receiver, vec![b'x'; 10_000_000]).await.unwrap_err();
    assert!(chain(&error).contains("ConnectionReset") || chain(&error).contains("BrokenPipe"), "{error:?}");
    let received = receiver.wait_for(1, PATIENCE).await;
    assert_eq!((received[0].body.len(), received[0].stored), (5, false));

    // Nothing more to write here, so the client can only see the reset itself.
    receiver.for_next(1, &Fault::ResetAfter { bytes: 5 });
    let error = send(&client(), &receiver, "xx").await.unwrap_err();
    assert!(chain(&error).contains("ConnectionReset"), "{error:?}");
}

#[tokio::test]
async fn a_black_hole_never_answers_and_says_so_in_the_record() {
    let receiver = Receiver::start().await;
    receiver.for_next(1, &Fault::BlackHole);
    let impatient = builder().timeout(IMPATIENCE).build().unwrap();
    assert!(send(&impatient, &receiver, "x").await.unwrap_err().is_timeout());
    let received = receiver.wait_for(1, PATIENCE).await;
    assert!(!received[0].stored);
    assert_eq!(status(&client(), &receiver).await, 200);
}

#[tokio::test]
async fn slow_receivers_answer_in_their_time() {
    let receiver = Receiver::start().await;
    for fault in [Fault::SlowRead { bytes_per_second: 10 }, Fault::SlowAnswer { delay: IMPATIENCE }] {
        receiver.for_next(1, &fault);
        let started = Instant::now();
        assert_eq!(send(&client(), &receiver, "four").await.unwrap().status(), 200);
        assert!(started.elapsed() >= IMPATIENCE, "{fault:?} took {:?}", started.elapsed());
    }
    receiver.for_next(1, &Fault::SlowRead { bytes_per_second: 1 });
    let impatient = builder().timeout(IMPATIENCE).build().unwrap();
    assert!(send(&impatient, &receiver, "four").await.unwrap_err().is_timeout());
    assert_eq!((receiver.begun_count(), receiver.stored().len()), (3, 2));
}

#[tokio::test]
async fn certificates_are_as_bad_as_they_were_ordered() {
    let valid = Receiver::builder().tls(TlsSetup::Valid).start().await;
    assert!(valid.url().starts_with("https://127.0.0.1:"));
    assert_eq!(status(&trusting(&valid, None), &valid).await, 200);
    let other = Receiver::builder().tls(TlsSetup::Valid).start().await;
    assert!(send(&trusting(&other, None), &valid, "x").await.is_err());

    for (setup, complaint) in [(TlsSetup::ExpiredCertificate, "Expired"), (TlsSetup::UnknownAuthority, "UnknownIssuer")]
    {
        let receiver = Receiver::builder().tls(setup).start().await;
        let error = send(&trusting(&receiver, None), &receiver, "x").await.unwrap_err();
        assert!(chain(&error).contains(complaint), "{setup:?}: {error:?}");
        assert_eq!((receiver.received().len(), receiver.connection_count()), (0, 1));
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let receiver = Receiver::builder().tls(TlsSetup::ClientCertificateRequired).start().await;
    let error = send(&trusting(&receiver, None), &receiver, "x").await.unwrap_err();
    assert!(chain(&error).contains("CertificateRequired"), "{error:?}");
    let identity = receiver.client_identity_pem();
    assert_eq!(status(&trusting(&receiver, Some(&identity)), &receiver).await, 200);
}

#[tokio::test]
async fn a_wait_that_fails_shows_what_was_seen() {
    let receiver = Receiver::start().await;
    assert_eq!(status(&client(), &receiver).await, 200);
    let waiting = tokio::spawn(async move { receiver.wait_for(2, IMPATIENCE).await.len() });
    let panic = waiting.await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("2 requests did not come"), "{message}");
    assert!(message.contains("POST /in?a=b%20c, 1 bytes, stored"), "{message}");
}

#[tokio::test]
async fn a_dropped_receiver_is_gone() {
    let receiver = Receiver::start().await;
    let (url, client) = (receiver.url(), client());
    assert_eq!(status(&client, &receiver).await, 200);
    drop(receiver);
    // Its task ends at the runtime's next turn.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(client.get(url).send().await.unwrap_err().is_connect());
}

/// A client that trusts this receiver's authority, with an identity where there is one.
fn trusting(receiver: &Receiver, identity: Option<&str>) -> Client {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(receiver.ca_pem()) {
        roots.add(certificate).unwrap();
    }
    configured(roots, identity).build().unwrap()
}

fn configured(roots: RootCertStore, identity: Option<&str>) -> ClientBuilder {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(pem) => {
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            config.with_client_auth_cert(certificates(pem), key).unwrap()
        }
    };
    Client::builder().no_proxy().timeout(PATIENCE).tls_backend_preconfigured(config)
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}
