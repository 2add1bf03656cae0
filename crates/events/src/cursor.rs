//! The cursor that a client holds: opaque, self-contained, valid for ever, bound to an account and a feature.
//!
//! ```text
//!  d1 │ base64url( nonce 24 │ XChaCha20-Poly1305( position, limit, feature, window ) │ tag 16 )
//!  └ version, and a letter first, so that no client takes it for a date
//! ```
//!
//! The nonce is an HMAC of the contents (a synthetic nonce), so one place in a stream has one text: at the tail a client
//! sees the very same cursor again. The account is authenticated but not contained: a cursor of another account is as
//! unreadable as a forged one. The v1, v2 and v3 forms of a stream share cursors; streams do not.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::Mac;

use crate::{AccountId, Feature, Position, StoredEvent, Timestamp};

/// The longest text of a cursor of the Events API, in bytes.
pub const CURSOR_TEXT_MAX: usize = 150;

const PREFIX: &str = "d1";
const NONCE_LENGTH: usize = 24;

/// Where one reader is in a stream, and what it asked for when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The last event that was served or passed over.
    pub position: Position,
    /// Events a page, 1 to 1000.
    pub limit: u16,
    /// The kind of events.
    pub feature: Feature,
    /// What of the stream the reader wants.
    pub window: Window,
}

/// Which events of a stream a reader asked for by time.
///
/// A start time chooses among what had arrived when the reader asked; whatever arrives later is new to the reader and
/// is served, even if it happened before the start: clients report late. An end time bounds for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// Every event.
    #[default]
    Everything,
    /// Up to the position `until`, only events at or after `start`; every event behind it.
    Since {
        /// Events before this time are passed over.
        start: Timestamp,
        /// The last position to which that applies.
        until: Position,
    },
    /// Only events at or after `start` and before `end`.
    Between {
        /// The first time wanted.
        start: Timestamp,
        /// The first time no longer wanted.
        end: Timestamp,
    },
    /// Only events that arrived before a time (v3 filters by arrival).
    ArrivedBefore(Timestamp),
}

impl Window {
    /// Whether a reader with this window wants an event.
    #[must_use]
    pub fn wants(&self, event: &StoredEvent<'_>) -> bool {
        match *self {
            Self::Everything => true,
            Self::Since { start, until } => event.position > until || event.time >= start,
            Self::Between { start, end } => event.time >= start && event.time < end,
            Self::ArrivedBefore(end) => event.arrival < end,
        }
    }

    /// The window of a reader that has come to `position`.
    #[must_use]
    pub fn at(self, position: Position) -> Self {
        match self {
            Self::Since { until, .. } if position >= until => Self::Everything,
            other => other,
        }
    }
}

/// A text that is no cursor for this reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Forged, cut, altered, of another account or another hub.
    #[error("not a cursor that this hub gave for this account; start again with start_time")]
    Unreadable,
    /// A cursor of this account for other events.
    #[error("a cursor of {found}, not of {wanted}; keep one cursor per endpoint")]
    ForeignFeature {
        /// What it belongs to.
        found: Feature,
        /// What was asked for.
        wanted: Feature,
    },
}

/// Seals cursors and opens them. The key must never change: clients hold their cursors for ever.
#[derive(Clone)]
pub struct CursorSealer {
    cipher: XChaCha20Poly1305,
    nonce_key: [u8; 32],
}

impl std::fmt::Debug for CursorSealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CursorSealer([secret])")
    }
}

impl CursorSealer {
    /// A sealer with the hub's cursor key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let encryption_key = hmac_sha256(key, &[b"daybook cursor encryption"]);
        Self {
            cipher: XChaCha20Poly1305::new(&encryption_key.into()),
            nonce_key: hmac_sha256(key, &[b"daybook cursor nonce"]),
        }
    }

    /// The cursor as the text that a client keeps: a letter first, then `A-Z a-z 0-9 - _`.
    #[must_use]
    pub fn seal(&self, account: &AccountId, cursor: &Cursor) -> String {
        let plain = encode(cursor);
        let digest = hmac_sha256(&self.nonce_key, &[account.as_str().as_bytes(), &plain]);
        let nonce: [u8; NONCE_LENGTH] = digest[..NONCE_LENGTH].try_into().expect("a digest is longer than a nonce");
        let payload = Payload { msg: &plain, aad: account.as_str().as_bytes() };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).expect("a cursor is far below the cipher's limit");
        let mut text = PREFIX.to_owned();
        BASE64URL_NOPAD.encode_append(&[&nonce[..], &sealed].concat(), &mut text);
        text
    }

    /// The cursor in a text, if this hub gave it for this account and feature.
    ///
    /// # Errors
    ///
    /// All `Invalid`: see [`CursorError`].
    pub fn open(&self, account: &AccountId, feature: &Feature, text: &str) -> Result<Cursor, CursorError> {
        let sealed = text
            .strip_prefix(PREFIX)
            .filter(|rest| rest.len() < 2 * CURSOR_TEXT_MAX)
            .and_then(|rest| BASE64URL_NOPAD.decode(rest.as_bytes()).ok())
            .filter(|bytes| bytes.len() > NONCE_LENGTH)
            .ok_or(CursorError::Unreadable)?;
        let (nonce, sealed) = sealed.split_at(NONCE_LENGTH);
        let nonce: [u8; NONCE_LENGTH] = nonce.try_into().expect("split at the length of a nonce");
        let payload = Payload { msg: sealed, aad: account.as_str().as_bytes() };
        let plain = self.cipher.decrypt(&nonce.into(), payload).map_err(|_| CursorError::Unreadable)?;
        let cursor = decode(&plain).ok_or(CursorError::Unreadable)?;
        if cursor.feature != *feature {
            return Err(CursorError::ForeignFeature { found: cursor.feature, wanted: feature.clone() });
        }
        Ok(cursor)
    }
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `position i64, limit u16, window tag u8 and its two i64, feature`: little-endian, the feature's name to the end.
fn encode(cursor: &Cursor) -> Vec<u8> {
    let mut plain = Vec::with_capacity(64);
    plain.extend(cursor.position.get().to_le_bytes());
    plain.extend(cursor.limit.to_le_bytes());
    let (tag, words) = match cursor.window {
        Window::Everything => (0, None),
        Window::Since { start, until } => (1, Some((start.as_nanos(), until.get()))),
        Window::Between { start, end } => (2, Some((start.as_nanos(), end.as_nanos()))),
        Window::ArrivedBefore(end) => (3, Some((0, end.as_nanos()))),
    };
    plain.push(tag);
    if let Some((first, second)) = words {
        plain.extend(first.to_le_bytes());
        plain.extend(second.to_le_bytes());
    }
    plain.extend(cursor.feature.as_str().as_bytes());
    plain
}

fn decode(mut plain: &[u8]) -> Option<Cursor> {
    let rest = &mut plain;
    let position = Position::new(take_i64(rest)?);
    let limit = u16::from_le_bytes(take(rest)?);
    let [tag] = take(rest)?;
    let window = match tag {
        0 => Window::Everything,
        1 => Window::Since { start: Timestamp::from_nanos(take_i64(rest)?), until: Position::new(take_i64(rest)?) },
        2 => Window::Between {
            start: Timestamp::from_nanos(take_i64(rest)?),
            end: Timestamp::from_nanos(take_i64(rest)?),
        },
        3 => {
            take_i64(rest)?;
            Window::ArrivedBefore(Timestamp::from_nanos(take_i64(rest)?))
        }
        _ => return None,
    };
    let feature = std::str::from_utf8(rest).ok()?.parse().ok()?;
    (1..=1000).contains(&limit).then_some(Cursor { position, limit, feature, window })
}

fn take<const LENGTH: usize>(rest: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (head, tail) = rest.split_first_chunk::<LENGTH>()?;
    *rest = tail;
    Some(*head)
}

fn take_i64(rest: &mut &[u8]) -> Option<i64> {
    take(rest).map(i64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS};

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let time = any::<i64>().prop_map(Timestamp::from_nanos);
        let position = (0..i64::MAX).prop_map(Position::new);
        let window = prop_oneof![
            Just(Window::Everything),
            (time.clone(), position.clone()).prop_map(|(start, until)| Window::Since { start, until }),
            (time.clone(), time.clone()).prop_map(|(start, end)| Window::Between { start, end }),
            time.prop_map(Window::ArrivedBefore),
        ];
        let feature = prop_oneof![Just(AUDIT_EVENTS), Just(ITEM_USAGES), Just(SIGN_IN_ATTEMPTS)];
        (position, 1..=1000_u16, feature, window).prop_map(|(position, limit, feature, window)| Cursor {
            position,
            limit,
            feature,
            window,
        })
    }

    proptest! {
        #[test]
        fn a_sealed_cursor_opens_as_itself(cursor in any_cursor(), key: [u8; 32]) {
            let (sealer, account) = (CursorSealer::new(&key), AccountId::random());
            let text = sealer.seal(&account, &cursor);
            prop_assert!(text.len() <= CURSOR_TEXT_MAX, "{} bytes", text.len());
            prop_assert!(text.starts_with(|first: char| first.is_ascii_alphabetic()));
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(&text, &sealer.seal(&account, &cursor));
            prop_assert_eq!(sealer.open(&account, &cursor.feature, &text).unwrap(), cursor);
        }

        #[test]
        fn an_altered_cursor_is_refused(cursor in any_cursor(), at in 0..90_usize, flip in 1..128_u8) {
            let (sealer, account) = (CursorSealer::new(&[7; 32]), AccountId::random());
            let mut bytes = sealer.seal(&account, &cursor).into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(sealer.open(&account, &cursor.feature, &text), Err(CursorError::Unreadable));
        }

        #[test]
        fn no_text_makes_opening_panic(text in ".{0,300}") {
            let sealer = CursorSealer::new(&[7; 32]);
            prop_assert!(sealer.open(&AccountId::random(), &AUDIT_EVENTS, &text).is_err());
        }
    }

    #[test]
    fn a_cursor_is_bound_to_account_feature_and_hub() {
        let (sealer, account) = (CursorSealer::new(&[1; 32]), AccountId::random());
        let cursor =
            Cursor { position: Position::new(9), limit: 100, feature: AUDIT_EVENTS, window: Window::Everything };
        let text = sealer.seal(&account, &cursor);

        assert_eq!(sealer.open(&AccountId::random(), &AUDIT_EVENTS, &text), Err(CursorError::Unreadable));
        assert_eq!(CursorSealer::new(&[2; 32]).open(&account, &AUDIT_EVENTS, &text), Err(CursorError::Unreadable));
        assert_eq!(
            sealer.open(&account, &ITEM_USAGES, &text).unwrap_err().to_string(),
            "a cursor of auditevents, not of itemusages; keep one cursor per endpoint"
        );
        for cut in 0..text.len() {
            assert_eq!(sealer.open(&account, &AUDIT_EVENTS, &text[..cut]), Err(CursorError::Unreadable), "{cut}");
        }
    }

    fn event(position: i64, seconds: i64) -> StoredEvent<'static> {
        let arrival = Timestamp::from_seconds(1000 + position);
        StoredEvent {
            position: Position::new(position),
            time: Timestamp::from_seconds(seconds),
            arrival,
            payload: "{}",
        }
    }

    #[test]
    fn a_start_time_chooses_only_among_what_had_arrived() {
        let window = Window::Since { start: Timestamp::from_seconds(100), until: Position::new(5) };
        assert!(!window.wants(&event(5, 99)));
        assert!(window.wants(&event(5, 100)));
        assert!(window.wants(&event(6, 1)));
        assert_eq!(window.at(Position::new(4)), window);
        assert_eq!(window.at(Position::new(5)), Window::Everything);
    }

    #[test]
    fn an_end_time_bounds_for_ever() {
        let window = Window::Between { start: Timestamp::from_seconds(1), end: Timestamp::from_seconds(2) };
        assert!(window.wants(&event(1, 1)));
        assert!(!window.wants(&event(1, 2)));
        assert!(!window.wants(&event(i64::MAX / 2, 3)));
        assert_eq!(window.at(Position::new(i64::MAX)), window);
    }

    #[test]
    fn a_window_of_arrival_ends_by_arrival() {
        let window = Window::ArrivedBefore(Timestamp::from_seconds(1005));
        assert!(window.wants(&event(4, 9999)));
        assert!(!window.wants(&event(5, 1)));
    }
}
