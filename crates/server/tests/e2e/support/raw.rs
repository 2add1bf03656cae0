//! Sockets without an HTTP library: for requests that stop half-way, trickle, or are none.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::Hub;

/// Longer than any server waits here.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A TLS connection that does what it is told.
pub(crate) struct Raw(StreamOwned<ClientConnection, TcpStream>);

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    /// A connection to a hub that serves HTTPS.
    pub(crate) fn connect(hub: &Hub) -> Self {
        let socket = TcpStream::connect(hub.address()).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        socket.set_write_timeout(Some(TIMEOUT)).unwrap();
        let config = Arc::new(tls_config(hub.ca_path.as_deref().expect("the hub has its own authority")));
        let client = ClientConnection::new(config, ServerName::try_from("127.0.0.1").unwrap()).unwrap();
        Self(StreamOwned::new(client, socket))
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.try_send(bytes).unwrap();
        self
    }

    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref())?;
        self.0.flush()
    }

    /// Everything up to the end of the connection; `None` if there was not one byte.
    pub(crate) fn read_to_end(&mut self) -> Option<RawAnswer> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            // A server that cuts a hostile client off says no goodbye.
            Err(error) if is_end(&error) => {}
            Err(error) => panic!("the connection neither answered nor ended: {error}"),
        }
        (!bytes.is_empty()).then(|| RawAnswer::parse(&bytes))
    }

    /// An answer whose body has a known length, on a connection that stays open.
    pub(crate) fn read_answer(&mut self) -> RawAnswer {
        let mut bytes = Vec::new();
        let mut chunk = [0_u8; 4096];
        loop {
            let length = self.0.read(&mut chunk).unwrap();
            assert!(length > 0, "the connection ended: {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&chunk[..length]);
            if find_body(&bytes).is_some() {
                let answer = RawAnswer::parse(&bytes);
                let length = answer.header("content-length").expect("a length").parse::<usize>().unwrap();
                if answer.body.len() >= length {
                    return answer;
                }
            }
        }
    }
}

impl RawAnswer {
    fn parse(bytes: &[u8]) -> Self {
        let body_start = find_body(bytes).unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..body_start]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        Self { status, head, body: bytes[body_start..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn find_body(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn tls_config(ca_path: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_path).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
