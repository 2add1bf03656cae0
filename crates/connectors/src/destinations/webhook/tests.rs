//! What is promised of webhooks without a receiver of the real kind.

use crate::{DestinationKind, testing};

fn open(given: &[(&str, &str)]) -> Result<crate::AnyDestination, String> {
    testing::open(DestinationKind::Webhook, given)
}

#[test]
fn secrets_are_of_the_standard() {
    let url = ("url", "https://siem.acme.example/hook");
    for secret in ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        assert!(open(&[url, ("secret", secret)]).is_ok(), "{secret}");
    }
    for secret in ["hush", "whsec_", "whsec_c2hvcnQ=", "whsk_c2hvcnQ=", "whsec_***"] {
        let error = open(&[url, ("secret", secret)]).unwrap_err();
        assert!(error.starts_with("secret: must"), "{error}");
        assert!(secret == "whsec_" || !error.contains(secret), "{error}");
    }
}

#[test]
fn the_url_is_encrypted_and_outside() {
    let secret = ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    for (url, part) in [
        ("http://siem.acme.example/hook", "must begin with https://"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://10.0.0.1/hook", "private address"),
    ] {
        let error = open(&[("url", url), secret]).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert!(open(&[("url", "http://127.0.0.1:9/hook"), secret]).is_ok());
}
