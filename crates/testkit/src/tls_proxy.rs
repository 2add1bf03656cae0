//! TLS in front of a real receiver that has none.
//!
//! ```text
//!   client ══ TLS ══▶ address() ─ TlsProxy ── plain ──▶ target
//!                                     └ an answer that names the target names the proxy, where that is wanted
//! ```

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, split},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::receiver::{Tls, TlsSetup};

const CHUNK_BYTES: usize = 64 * 1024;

/// The proxy; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct TlsProxy {
    address: SocketAddr,
    tls: Tls,
    task: JoinHandle<()>,
}

/// What it does for each connection.
#[derive(Debug, Clone)]
struct Way {
    target: SocketAddr,
    /// What to replace in answers, and by what; of the same length.
    rewrite: Option<([u8; ADVERTISED_BYTES], [u8; ADVERTISED_BYTES])>,
}

/// `127.0.0.1` and a port of 32 bits, as Kafka's brokers advertise themselves.
const ADVERTISED_BYTES: usize = 13;

impl TlsProxy {
    /// A proxy that negotiates one of these protocols (ALPN), or none where there are none.
    ///
    /// # Panics
    ///
    /// There is no free port.
    pub async fn start(target: SocketAddr, setup: TlsSetup, protocols: &[&str]) -> Self {
        Self::launch(target, Tls::speaking(setup, protocols), false).await
    }

    /// A proxy in front of a broker of Kafka, which tells its clients where to connect: it tells them the proxy's address.
    ///
    /// # Panics
    ///
    /// There is no free port, or the broker is not on 127.0.0.1.
    pub async fn start_as_broker(target: SocketAddr, setup: TlsSetup) -> Self {
        Self::launch(target, Tls::new(setup), true).await
    }

    async fn launch(target: SocketAddr, tls: Tls, is_broker: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rewrite = is_broker.then(|| (advertised(target), advertised(address)));
        let task = tokio::spawn(accept(listener, tls.acceptor.clone(), Way { target, rewrite }));
        Self { address, tls, task }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that a client should trust; with `TlsSetup::UnknownAuthority`, not the one that signed.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.tls.authority.pem()
    }

    /// A client's certificate and key, of the authority that this proxy trusts.
    #[must_use]
    pub fn client_identity(&self) -> crate::pki::Identity {
        self.tls.authority.client("daybook-test-client")
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn advertised(address: SocketAddr) -> [u8; ADVERTISED_BYTES] {
    assert!(address.ip().to_string() == "127.0.0.1", "{address} is not where these brokers are");
    let bytes = [&b"127.0.0.1"[..], &u32::from(address.port()).to_be_bytes()].concat();
    bytes.try_into().unwrap()
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, way: Way) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, way) = (acceptor.clone(), way.clone());
        connections.spawn(async move {
            // A handshake that fails is the client's to tell.
            let Ok(client) = acceptor.accept(stream).await else { return };
            let Ok(target) = TcpStream::connect(way.target).await else { return };
            let ((from_client, to_client), (from_target, to_target)) = (split(client), split(target));
            let up = forward(from_client, to_target, None);
            let down = forward(from_target, to_client, way.rewrite);
            tokio::join!(up, down);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Forwards to the end. Answers that name the target come in one piece: brokers write them whole.
async fn forward<T: AsyncReadExt>(
    mut from: ReadHalf<T>,
    mut to: impl AsyncWriteExt + Unpin,
    rewrite: Option<([u8; ADVERTISED_BYTES], [u8; ADVERTISED_BYTES])>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        let bytes = &mut chunk[..length];
        if let Some((target, proxy)) = &rewrite {
            while let Some(at) = bytes.windows(ADVERTISED_BYTES).position(|window| window == target) {
                bytes[at..at + ADVERTISED_BYTES].copy_from_slice(proxy);
            }
        }
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
