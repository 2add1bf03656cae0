//! A small HTTPS client that trusts one authority and returns the whole answer, whatever its status.

use std::{path::Path, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, Response,
    header::{CONTENT_TYPE, HeaderMap},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests; clones share their connections.
#[derive(Debug, Clone)]
pub struct TestHttp {
    client: Client,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub text: String,
}

impl TestHttp {
    /// A client that trusts the authority of this PEM file; without one, no HTTPS server at all.
    ///
    /// It installs no process-wide TLS provider, follows no redirects and uses no proxy.
    ///
    /// # Panics
    ///
    /// The file cannot be read or holds no certificate.
    #[must_use]
    pub fn new(ca_path: Option<&Path>) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_config(ca_path))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .unwrap();
        Self { client }
    }

    /// `GET`, with a bearer token where there is one.
    ///
    /// # Panics
    ///
    /// No answer came within 30 s.
    pub async fn get(&self, url: &str, token: Option<&str>) -> Answer {
        self.send(Method::GET, url, token, &[], Vec::new()).await
    }

    /// `POST` of a JSON body, with a bearer token where there is one.
    ///
    /// # Panics
    ///
    /// No answer came within 30 s.
    pub async fn post_json(&self, url: &str, token: Option<&str>, body: &Value) -> Answer {
        self.post(url, token, "application/json", body.to_string()).await
    }

    /// `POST` of any body, with a bearer token where there is one.
    ///
    /// # Panics
    ///
    /// No answer came within 30 s.
    pub async fn post(&self, url: &str, token: Option<&str>, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::POST, url, token, &[(CONTENT_TYPE.as_str(), content_type)], body.into()).await
    }

    /// Any request: a method, headers and a body of the test's choice.
    ///
    /// # Panics
    ///
    /// No answer came within 30 s.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let answer = self.try_send(method, url, token, headers, body).await;
        answer.unwrap_or_else(|error| panic!("no answer from {url}: {error:?}"))
    }

    /// Like `send`, for tests in which the server may be gone.
    ///
    /// # Errors
    ///
    /// No answer came, or only a part of it.
    pub async fn try_send(
        &self,
        method: Method,
        url: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, url).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await?).await
    }

    /// The client underneath, for what the methods here do not cover.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// It is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("status {}, not JSON ({error}): {}", self.status, self.text))
    }

    /// The value of a header, where it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header that may be there several times.
    #[must_use]
    pub fn headers_named(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// This answer, if it has this status.
    ///
    /// # Panics
    ///
    /// It has another one; the message shows the body.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

async fn read(response: Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

fn tls_config(ca_path: Option<&Path>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_path {
        for certificate in CertificateDer::pem_file_iter(path).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        assert!(!roots.is_empty(), "{} holds no certificate", path.display());
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[tokio::test]
    async fn an_answer_is_returned_whole_whatever_its_status() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = vec![0_u8; 4096];
            let length = connection.read(&mut request).unwrap();
            let answer =
                "HTTP/1.1 401 Unauthorized\r\ncontent-length: 11\r\nconnection: close\r\nx-a: b\r\n\r\n{\"status\":1";
            connection.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let http = TestHttp::new(None);
        let answer = http.post_json(&url, Some("secret"), &serde_json::json!({"limit": 1})).await;
        assert_eq!((answer.status, answer.header("x-a"), answer.text.as_str()), (401, Some("b"), "{\"status\":1"));
        let request = server.join().unwrap();
        assert!(request.contains("authorization: Bearer secret"), "{request}");
    }
}
