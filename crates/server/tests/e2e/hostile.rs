//! Connections that mean harm, or mean nothing: the hub goes on answering others, and ends them in time.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::{Hub, Raw, Store, daybook};

/// A connection that has come to nothing is closed well within this.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);

fn impatient_hub() -> Hub {
    Hub::start(daybook().config_text("[server]\nheader_timeout_secs = 1\n"))
}

fn connect(hub: &Hub) -> TcpStream {
    let socket = TcpStream::connect(hub.address()).unwrap();
    socket.set_read_timeout(Some(CLOSED_WITHIN)).unwrap();
    socket
}

/// Reads until the other side closes; panics if it does not.
fn wait_until_closed(mut socket: TcpStream) {
    let mut rest = Vec::new();
    match socket.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection was not closed within {CLOSED_WITHIN:?}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_is_cut_off() {
    let hub = impatient_hub();
    let mut raw = Raw::connect(&hub);
    let began = Instant::now();
    raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    while raw.try_send("x").is_ok() {
        assert!(began.elapsed() < CLOSED_WITHIN, "the connection is still open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    hub.get("/healthz", None).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_is_not_finished_is_cut_off() {
    let hub = impatient_hub();
    let silent = connect(&hub);
    let mut half = connect(&hub);
    // The beginning of a ClientHello: handshake, TLS 1.0 record, 512 bytes to come.
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]).unwrap();
    wait_until_closed(silent);
    wait_until_closed(half);
    let mut no_tls = connect(&hub);
    no_tls.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    wait_until_closed(no_tls);
    hub.get("/healthz", None).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_idles_is_closed() {
    let hub = impatient_hub();
    let mut fresh = Raw::connect(&hub);
    assert!(fresh.read_to_end().is_none(), "nothing was asked, nothing is answered");
    let mut used = Raw::connect(&hub);
    used.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(used.read_answer().status, 200);
    assert!(used.read_to_end().is_none(), "it is closed without a word");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections_keep_nobody_out() {
    let hub = Hub::start(daybook());
    let account = hub.account().await;
    let idle: Vec<TcpStream> = (0..1000).map(|_| connect(&hub)).collect();
    account.ingest(0..3).await;
    // Without a connection from before.
    let answer =
        daybook_testkit::TestHttp::new(hub.ca_path.as_deref()).get(&format!("{}/healthz", hub.url), None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(account.everything().await, crate::support::uuids(0..3));
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_limit_wait_for_others_to_end() {
    let hub = Hub::start(daybook().config_text("[server]\nheader_timeout_secs = 1\nconnections_max = 20\n"));
    let idle: Vec<TcpStream> = (0..45).map(|_| connect(&hub)).collect();
    let answer =
        daybook_testkit::TestHttp::new(hub.ca_path.as_deref()).get(&format!("{}/healthz", hub.url), None).await;
    assert_eq!(answer.status, 200);
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_answered_or_closed() {
    let hub = Hub::shared(Store::Sqlite);
    let long_head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many_headers = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(5000));
    let two_lengths =
        "POST /api/v2/itemusages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello";
    let both = "POST /api/v2/itemusages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
                0\r\n\r\n";
    for request in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &long_head,
        &many_headers,
        two_lengths,
        both,
    ] {
        let mut raw = Raw::connect(&hub);
        // It may hang up before it has heard everything.
        let _ = raw.try_send(request);
        let _ = raw.try_send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let begin: String = request.chars().take(30).collect();
        if let Some(answer) = raw.read_to_end() {
            assert!((400..500).contains(&answer.status), "{begin:?}: {}", answer.head);
        }
    }
    hub.get("/healthz", None).await.expect_status(200);
}
