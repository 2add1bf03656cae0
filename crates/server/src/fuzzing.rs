//! Entry points for the fuzz targets in `fuzz/`: whatever the bytes, nothing may panic, and what is accepted must hold
//! together.

use daybook_events::{AccountId, CursorSealer, Feature, PageRequest, Timestamp, WIRE_FEATURES};

use crate::{ingest, tokens};

/// A client's cursor: opened only if it was sealed, so random bytes never are.
pub fn open_cursor(text: &str) {
    let sealer = CursorSealer::new(&[7; 32]);
    for feature in &WIRE_FEATURES {
        assert!(sealer.open(&AccountId::random(), feature, text).is_err(), "a forged cursor was opened");
    }
}

/// A bearer token, by its claims and by its signature.
pub fn parse_token(text: &str) {
    let _ = daybook_events::decode_unverified(text);
    tokens::parse_and_drop(text);
}

/// The body of a request to the Events API.
pub fn parse_request(body: &[u8]) {
    if let Ok(PageRequest::Reset(reset)) = PageRequest::parse(body, Timestamp::from_seconds(1_772_600_000)) {
        assert!((1..=1000).contains(&reset.limit));
        assert!(reset.end_time.is_none_or(|end| reset.start_time <= end));
    }
}

/// A body of events, for the feature with this index and in this coding.
pub fn ingest_body(selector: u8, body: &[u8]) {
    let open_schema: Feature = "okta.system".parse().expect("a feature");
    let features: Vec<Feature> = WIRE_FEATURES.into_iter().chain([open_schema]).collect();
    let feature = &features[usize::from(selector) % features.len()];
    ingest::prepare_and_check(feature, selector / 64, body);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_anything_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), selector: u8) {
            super::parse_request(&bytes);
            super::ingest_body(selector, &bytes);
            let text = String::from_utf8_lossy(&bytes);
            super::open_cursor(&text);
            super::parse_token(&text);
        }
    }
}
