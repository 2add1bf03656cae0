//! The load generator's HTTPS client: one keep-alive HTTP/1.1 connection, an answer either whole or skimmed.
//!
//! It shares the machine with what it measures, so it does as little as it can: bodies are sent without a copy, and a
//! skimmed answer is counted and dropped as it arrives, apart from its first bytes.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, Uri,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HOST, HeaderValue, SET_COOKIE},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// Bytes of an answer that skimming keeps: enough for a cursor, also under gzip.
const HEAD_BYTES: usize = 4096;

/// Where to connect, and whom to trust.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    name: ServerName<'static>,
    host: HeaderValue,
    tls: TlsConnector,
}

/// One connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

/// What to ask.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The whole header, `Bearer …`.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) accepts_gzip: bool,
    /// Cookies, `name=value; name=value`.
    pub(crate) cookies: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The cookies that it sets, `name=value`.
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Bytes,
}

/// What is kept of a large answer.
#[derive(Debug)]
pub(crate) struct Skimmed {
    pub(crate) status: u16,
    pub(crate) head: Vec<u8>,
    pub(crate) body_bytes: usize,
}

impl Call {
    pub(crate) fn get(uri: Uri) -> Self {
        Self { method: Method::GET, uri, authorization: None, accepts_gzip: false, cookies: None, body: Bytes::new() }
    }

    pub(crate) fn post(uri: Uri, authorization: HeaderValue, body: Bytes) -> Self {
        Self { method: Method::POST, uri, authorization: Some(authorization), accepts_gzip: false, cookies: None, body }
    }
}

impl Server {
    /// The server at an address of this machine, which shows a certificate signed by the one in `pem`.
    pub(crate) fn at(address: SocketAddr, pem: &[u8]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem).context("read the certificate to trust")?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("choose TLS versions")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address,
            name: ServerName::from(address.ip()),
            host: HeaderValue::from_str(&address.to_string()).context("name the host")?,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(self.address).await.with_context(|| format!("connect to {}", self.address))?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(self.name.clone(), stream).await.context("shake hands")?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("begin HTTP")?;
        // An error of the connection is the error of the request that it ends.
        tokio::spawn(connection);
        Ok(Connection { sender, host: self.host.clone() })
    }
}

impl Connection {
    /// Asks, and keeps the whole answer.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer> {
        let response = self.ask(call).await?;
        let status = response.status().as_u16();
        let set = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = set.filter_map(|value| value.split(';').next()).map(str::to_owned).collect();
        let body = response.into_body().collect().await.context("receive an answer")?.to_bytes();
        Ok(Answer { status, cookies, body })
    }

    /// Asks, receives everything, and keeps the beginning.
    pub(crate) async fn skim(&mut self, call: Call) -> Result<Skimmed> {
        let response = self.ask(call).await?;
        let mut skimmed = Skimmed { status: response.status().as_u16(), head: Vec::new(), body_bytes: 0 };
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.context("receive an answer")?;
            let Some(data) = frame.data_ref() else { continue };
            let wanted = (HEAD_BYTES - skimmed.head.len()).min(data.len());
            skimmed.head.extend_from_slice(&data[..wanted]);
            skimmed.body_bytes += data.len();
        }
        Ok(skimmed)
    }

    /// Whether the server has closed it.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    async fn ask(&mut self, call: Call) -> Result<Response<Incoming>> {
        let Call { method, uri, authorization, accepts_gzip, cookies, body } = call;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if let Some(cookies) = cookies {
            headers.insert(COOKIE, cookies);
        }
        if accepts_gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.sender.ready().await.context("wait for the connection")?;
        self.sender.send_request(request).await.context("send a request")
    }
}

impl Answer {
    /// The body of an answer with this status.
    pub(crate) fn expect(self, status: u16) -> Result<Bytes> {
        let text = || String::from_utf8_lossy(&self.body[..self.body.len().min(500)]).into_owned();
        ensure!(self.status == status, "the answer was {} instead of {status}: {}", self.status, text());
        Ok(self.body)
    }
}
