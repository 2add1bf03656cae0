//! The HTTPS client towards hubs: the system's roots and those given, no redirects, bounded waits.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::redirect;

const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("daybook/", env!("CARGO_PKG_VERSION"));

/// A client for the server at `url` that trusts the system's certificate authorities and these.
///
/// # Errors
///
/// The certificates are not PEM, or the system has none and none was given.
pub(super) fn client_for(url: &str, roots_pem: &[Vec<u8>]) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tls_backend_preconfigured(daybook_client::tls_trusting(roots_pem)?);
    if is_loopback(url) || url.starts_with("http:") {
        // A proxy would carry the token off this machine.
        builder = builder.no_proxy();
    }
    builder.build().context("set up the HTTP client")
}

/// Whether the host of a URL is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["https://127.0.0.1:8443", "http://[::1]:1", "https://localhost"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["https://127.0.0.1.acme.example", "https://acme.example", "nonsense"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(client_for("https://acme.example", &[b"hello".to_vec()]).is_err());
    }
}
