//! What is promised of syslog without a receiver of the real kind.

use std::{collections::BTreeMap, time::Duration};

use daybook_testkit::FaultProxy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use crate::{AnyDestination, DeliveryError, Destination, DestinationKind, testing};

/// A receiver that reads octet-counted messages, each with the number of its connection.
async fn receiver() -> (u16, mpsc::UnboundedReceiver<(usize, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (messages, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for connection in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let messages = messages.clone();
            tokio::spawn(async move {
                let mut stream = tokio::io::BufReader::new(stream);
                while let Some(message) = read_message(&mut stream).await {
                    messages.send((connection, message)).unwrap();
                }
                stream.into_inner().shutdown().await.unwrap();
            });
        }
    });
    (port, received)
}

async fn read_message(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut length = 0_usize;
    loop {
        match stream.read_u8().await.ok()? {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(String::from_utf8(message).unwrap())
}

fn open(port: u16, more: &[(&str, &str)]) -> AnyDestination {
    let port = port.to_string();
    let given = [("host", "127.0.0.1"), ("port", &port), ("transport", "tcp"), ("timeout_secs", "2")];
    let given: BTreeMap<&str, &str> = given.into_iter().chain(more.iter().copied()).collect();
    testing::open(DestinationKind::Syslog, &given.into_iter().collect::<Vec<_>>()).unwrap()
}

fn one(uuid: &str) -> crate::Batch {
    testing::batch_of("auditevents", &[&format!(r#"{{"uuid":"{uuid}"}}"#)])
}

/// The connection and the uuid of each of the next messages.
async fn uuids(received: &mut mpsc::UnboundedReceiver<(usize, String)>, count: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(Duration::from_secs(10), received.recv()).await.expect("a message in time");
        let (connection, message) = next.unwrap();
        let payload: serde_json::Value = serde_json::from_str(&message[message.find('{').unwrap()..]).unwrap();
        found.push((connection, payload["uuid"].as_str().unwrap().to_owned()));
    }
    found
}

fn told(of: &[(usize, &str)]) -> Vec<(usize, String)> {
    of.iter().map(|(connection, uuid)| (*connection, (*uuid).to_owned())).collect()
}

#[tokio::test]
async fn a_connection_is_kept_between_batches() {
    let (port, mut received) = receiver().await;
    let syslog = open(port, &[]);
    syslog.deliver(&one("A")).await.unwrap();
    syslog.deliver(&one("B")).await.unwrap();
    assert_eq!(uuids(&mut received, 2).await, told(&[(0, "A"), (0, "B")]));
}

#[tokio::test]
async fn after_a_cut_the_last_events_come_again_before_the_next() {
    let (port, mut received) = receiver().await;
    let mut proxy = FaultProxy::start(format!("127.0.0.1:{port}")).await;
    let syslog = open(proxy.address().port(), &[("resend_after_reconnect", "2")]);
    for uuid in ["A", "B", "C"] {
        syslog.deliver(&one(uuid)).await.unwrap();
    }
    proxy.cut().await;
    let error = syslog.deliver(&one("D")).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains("cannot connect")), "{error:?}");
    proxy.restore().await;
    syslog.deliver(&one("D")).await.unwrap();
    let expected = [(0, "A"), (0, "B"), (0, "C"), (1, "B"), (1, "C"), (1, "D")];
    assert_eq!(uuids(&mut received, 6).await, told(&expected));
}

#[tokio::test]
async fn without_a_window_nothing_comes_again() {
    let (port, mut received) = receiver().await;
    let mut proxy = FaultProxy::start(format!("127.0.0.1:{port}")).await;
    let syslog = open(proxy.address().port(), &[("resend_after_reconnect", "0")]);
    syslog.deliver(&one("A")).await.unwrap();
    assert_eq!(uuids(&mut received, 1).await, told(&[(0, "A")]));
    proxy.cut().await;
    proxy.restore().await;
    syslog.deliver(&one("B")).await.unwrap();
    assert_eq!(uuids(&mut received, 1).await, told(&[(1, "B")]));
}

#[tokio::test]
async fn with_close_each_batch_has_the_receivers_own_end() {
    let (port, mut received) = receiver().await;
    let syslog = open(port, &[("confirm", "close")]);
    syslog.deliver(&one("A")).await.unwrap();
    syslog.deliver(&one("B")).await.unwrap();
    assert_eq!(uuids(&mut received, 2).await, told(&[(0, "A"), (1, "B")]));

    let proxy = FaultProxy::start(format!("127.0.0.1:{port}")).await;
    proxy.black_hole();
    let syslog = open(proxy.address().port(), &[("confirm", "close")]);
    let error = syslog.deliver(&one("C")).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains("after 2 s")), "{error:?}");
}

/// A receiver that accepts and never reads: its machine acknowledges until its buffers are full.
#[tokio::test]
async fn what_nobody_takes_is_not_delivered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let syslog = open(listener.local_addr().unwrap().port(), &[("message_bytes_max", "1048576")]);
    let large = format!(r#"{{"uuid":"A","x":"{}"}}"#, "x".repeat(1_000_000));
    let batch = testing::batch_of("auditevents", &[large.as_str(); 10]);
    let error = syslog.deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains("after 2 s")), "{error:?}");
}

#[tokio::test]
async fn a_receiver_that_resets_has_taken_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_zero_linger().unwrap();
        }
    });
    for confirm in ["queue", "close"] {
        let error = open(port, &[("confirm", confirm)]).deliver(&one("A")).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Retry { .. }), "{confirm}: {error:?}");
    }
}

#[tokio::test]
async fn events_that_are_too_long_are_rejected_without_a_connection() {
    let syslog = open(1, &[("message_bytes_max", "2048")]);
    let long = format!(r#"{{"uuid":"A","x":"{}"}}"#, "x".repeat(4000));
    let delivered = syslog.deliver(&testing::batch_of("auditevents", &[&long])).await.unwrap();
    assert_eq!(delivered.rejected.len(), 1);
}

#[test]
fn names_that_do_not_fit_a_header_are_refused() {
    for (name, value) in [("hostname", "two words"), ("app_name", &"x".repeat(49)), ("host", "169.254.169.254")] {
        let mut given = vec![("host", "127.0.0.1")];
        given.retain(|(known, _)| *known != name);
        given.push((name, value));
        let error = testing::open(DestinationKind::Syslog, &given).unwrap_err();
        assert!(error.starts_with(name), "{error}");
    }
}
