//! Device cookies: a browser that somebody has signed in from keeps a token, so that it is told from strangers later.
//!
//! ```text
//!  token = base64url( device id 16 · issued at, seconds 8 · HMAC-SHA-256 over both and the email 32 )
//! ```
//!
//! A device cookie gives no rights: it only puts sign-in attempts into a bucket of their own, which others cannot fill.
//! It holds for one email and a year. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use daybook_events::Timestamp;
use ring::hmac;

/// How long a browser stays known after the last sign-in.
pub(crate) const DEVICE_LIFETIME: Duration = Duration::from_hours(365 * 24);

const ID_BYTES: usize = 16;
const TIME_BYTES: usize = size_of::<i64>();
const TAG_BYTES: usize = 32;
const TOKEN_BYTES: usize = ID_BYTES + TIME_BYTES + TAG_BYTES;

/// Issues and reads device cookies.
pub(crate) struct Devices {
    key: hmac::Key,
}

/// A browser that its cookie proves to be known for the email it was read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KnownDevice([u8; ID_BYTES]);

impl Devices {
    /// With a secret of the hub that serves nothing else.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The value of a new device cookie after somebody signed in. A browser gets a new one each time.
    pub(crate) fn issue(&self, email: &str, now: Timestamp) -> String {
        let mut token = Vec::with_capacity(TOKEN_BYTES);
        token.extend_from_slice(&random_id());
        token.extend_from_slice(&now.as_seconds().to_be_bytes());
        let tag = hmac::sign(&self.key, &signed(&token, email));
        token.extend_from_slice(tag.as_ref());
        BASE64URL_NOPAD.encode(&token)
    }

    /// The device of a cookie, if it was issued for this email and still holds.
    pub(crate) fn recognise(&self, cookie: &str, email: &str, now: Timestamp) -> Option<KnownDevice> {
        if cookie.len() != BASE64URL_NOPAD.encode_len(TOKEN_BYTES) {
            return None;
        }
        let token = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        let (content, tag) = token.split_at_checked(ID_BYTES + TIME_BYTES)?;
        hmac::verify(&self.key, &signed(content, email), tag).ok()?;
        let (id, issued_at) = content.split_first_chunk()?;
        let issued_at = Timestamp::from_seconds(i64::from_be_bytes(issued_at.try_into().ok()?));
        (now.since(issued_at) <= DEVICE_LIFETIME).then_some(KnownDevice(*id))
    }
}

impl KnownDevice {
    /// The random id in the cookie.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Devices([secret])")
    }
}

/// What is signed: the content has a fixed length, so the email behind it cannot run into it.
fn signed(content: &[u8], email: &str) -> Vec<u8> {
    [b"daybook device 1", content, email.to_lowercase().as_bytes()].concat()
}

fn random_id() -> [u8; ID_BYTES] {
    let mut id = [0; ID_BYTES];
    getrandom::fill(&mut id).expect("the operating system provides random bytes");
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "wendy@example.com";

    fn devices() -> Devices {
        Devices::new(&[7; 32])
    }

    #[test]
    fn issued_cookie_is_recognised_for_a_year() {
        let issued_at = Timestamp::from_seconds(1_000_000);
        let cookie = devices().issue(EMAIL, issued_at);
        let device = devices().recognise(&cookie, "Wendy@Example.com", issued_at).unwrap();
        let last = issued_at.plus(DEVICE_LIFETIME);
        assert_eq!(devices().recognise(&cookie, EMAIL, last), Some(device));
        assert_eq!(devices().recognise(&cookie, EMAIL, last.plus(Duration::from_secs(1))), None);
    }

    #[test]
    fn each_cookie_is_another_device() {
        let now = Timestamp::from_seconds(0);
        let [first, second] = [(); 2].map(|()| devices().recognise(&devices().issue(EMAIL, now), EMAIL, now).unwrap());
        assert_ne!(first, second);
    }

    #[test]
    fn cookie_of_another_email_or_key_is_a_stranger() {
        let now = Timestamp::from_seconds(0);
        let cookie = devices().issue(EMAIL, now);
        assert_eq!(devices().recognise(&cookie, "owner@example.com", now), None);
        assert_eq!(Devices::new(&[8; 32]).recognise(&cookie, EMAIL, now), None);
    }

    #[test]
    fn altered_cookies_are_strangers() {
        let now = Timestamp::from_seconds(0);
        let cookie = devices().issue(EMAIL, now);
        for at in 0..TOKEN_BYTES {
            let mut token = BASE64URL_NOPAD.decode(cookie.as_bytes()).unwrap();
            token[at] ^= 1;
            assert_eq!(devices().recognise(&BASE64URL_NOPAD.encode(&token), EMAIL, now), None, "byte {at}");
        }
        for other in ["", &cookie[1..], &format!("{cookie}A"), &"é".repeat(cookie.len() / 2)] {
            assert_eq!(devices().recognise(other, EMAIL, now), None);
        }
    }
}
