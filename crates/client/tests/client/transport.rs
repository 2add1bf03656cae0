//! Connections: TLS with a root of one's own, servers that are not there, answers that break off.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use daybook_client::{AUDIT_EVENTS, Client, ClientError, Start};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::{client, impatient};

const PAGE: &str = r#"{"items":[],"has_more":false,"cursor":"c1"}"#;

fn from_c0() -> Start {
    Start::Cursor("c0".into())
}

/// Reads a request with a small body and answers it with a page, of which `missing` bytes are left out.
async fn answer_once(mut stream: impl AsyncRead + AsyncWrite + Unpin, missing: usize) {
    let mut request = Vec::new();
    while !request.ends_with(br#"{"cursor":"c0"}"#) {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", PAGE.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&PAGE.as_bytes()[..PAGE.len() - missing]).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// A TLS server for `localhost`: its URL, its own root as PEM, and how many connections it has taken.
async fn start_tls_server() -> (String, String, Arc<AtomicUsize>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_once(stream, 0).await;
            }
        }
    });
    (url, cert.pem(), connections)
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted() {
    let (url, pem, _) = start_tls_server().await;
    let client = Client::builder("opaque").base_url(url).add_root_certificate_pem(pem).build().unwrap();
    assert_eq!(client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap().cursor, "c1");
}

#[tokio::test]
async fn an_unknown_root_is_refused_once_and_for_all() {
    let (url, _, connections) = start_tls_server().await;
    let (_, other_pem, _) = start_tls_server().await;
    let client = Client::builder("opaque").base_url(url).add_root_certificate_pem(other_pem).retry(impatient());
    let error = client.build().unwrap().page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert!(matches!(error, ClientError::Send { .. }), "{error}");
    assert!(!error.is_passing());
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again_until_the_attempts_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert!(error.is_passing());
    assert_eq!(error.to_string(), format!("POST {url}/api/v2/auditevents: no whole answer came"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for missing in [5, PAGE.len(), 0] {
            let (stream, _) = listener.accept().await.unwrap();
            answer_once(stream, missing).await;
        }
    });
    assert_eq!(client(&url).page(&AUDIT_EVENTS, &from_c0()).await.unwrap().cursor, "c1");
}
