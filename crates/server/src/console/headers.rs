//! What the console asks of browsers, on every answer.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use super::assets;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Adds what an answer does not say itself.
pub(super) async fn add_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // Not `no-referrer`, with which browsers send `Origin: null` with a form of ours.
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.insert("Cross-Origin-Opener-Policy", HeaderValue::from_static("same-origin"));
    headers.insert("Cross-Origin-Resource-Policy", HeaderValue::from_static("same-origin"));
    headers.insert(
        "Permissions-Policy",
        HeaderValue::from_static(
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self)",
        ),
    );
    response
}

/// The policy of the page with the Save in 1Password button, whose package writes one style of its own.
pub(super) fn policy_with_save_button() -> HeaderValue {
    let policy = POLICY.replace("style-src 'self'", &format!("style-src 'self' {}", assets::save_button_style()));
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
}
