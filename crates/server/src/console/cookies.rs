//! The console's cookies. All of them are `__Host-` cookies: over TLS only, of this host only, out of reach of script.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

/// Proves a session; its secret is random, and only its digest is stored.
pub(super) const SESSION: &str = "__Host-daybook-session";
/// Binds the forms of somebody who is not signed in to their browser.
pub(super) const VISIT: &str = "__Host-daybook-visit";
/// Says on the next page what has just been done.
pub(super) const FLASH: &str = "__Host-daybook-flash";
/// Names the open challenge of a passkey.
pub(super) const CHALLENGE: &str = "__Host-daybook-challenge";
/// Tells a device from which somebody has signed in before, for the throttle.
pub(super) const DEVICE: &str = "__Host-daybook-device";

/// The value of a cookie.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// A cookie for so many seconds; `None` for as long as the browser is open.
pub(super) fn set(name: &'static str, value: String, max_age_secs: Option<u64>) -> HeaderValue {
    let mut cookie = Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(SameSite::Lax);
    if let Some(secs) = max_age_secs {
        cookie = cookie.max_age(cookie::time::Duration::seconds(i64::try_from(secs).unwrap_or(i64::MAX)));
    }
    // Names are ours and values base32, base64url or base64: never anything a header cannot hold.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// Takes a cookie away.
pub(super) fn forget(name: &'static str) -> HeaderValue {
    set(name, String::new(), Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; xb=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=3=4"));
        assert_eq!((find(&headers, "a"), find(&headers, "b"), find(&headers, "c")), (Some("1"), Some("3=4"), None));
    }

    #[test]
    fn cookies_stay_with_this_host_and_away_from_script() {
        let text = set(SESSION, "x".into(), Some(60)).to_str().unwrap().to_owned();
        for part in ["__Host-daybook-session=x", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=60"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("Domain"));
    }
}
