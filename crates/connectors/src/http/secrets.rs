//! What must not be shown, wherever a receiver repeats it: many answer with the URL or the key that they were asked with.

use std::fmt;

use reqwest::Url;

const SHOWN: &str = "[secret]";
/// Shorter texts are found in words that are no secret.
const CHARS_MIN: usize = 6;
/// Shorter parts of a path are words, such as `receiver`.
const SEGMENT_CHARS_MIN: usize = 10;

/// Texts that are kept out of what people see.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SHOWN)
    }
}

impl Secrets {
    /// One more.
    pub(crate) fn add(&mut self, text: &str) {
        if text.len() >= CHARS_MIN && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
            // The longest first: a part of a text is not left over.
            self.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Path and query of a URL that is a credential itself, whole and in parts.
    pub(crate) fn add_url(&mut self, url: &Url) {
        let query = url.query().unwrap_or_default();
        self.add(&format!("{}?{query}", url.path()));
        self.add(url.path());
        self.add(query);
        let segments = url.path_segments().into_iter().flatten();
        segments.filter(|segment| segment.len() >= SEGMENT_CHARS_MIN).for_each(|segment| self.add(segment));
        url.query_pairs().for_each(|(_, value)| self.add(&value));
    }

    /// Replaces them in a body from outside.
    pub(crate) fn hide(&self, body: &mut Vec<u8>) {
        if self.0.is_empty() || body.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(body);
        *body = self.0.iter().fold(text.into_owned(), |text, secret| text.replace(secret, SHOWN)).into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_receiver_repeats_is_not_shown() {
        let mut secrets = Secrets::default();
        secrets.add_url(&"https://a.example/receiver/v1/http/ZaVnC4dhaV2?key=hush-hush".parse().unwrap());
        secrets.add("api-key-1");
        for (body, shown) in [
            ("Cannot POST /receiver/v1/http/ZaVnC4dhaV2?key=hush-hush", "Cannot POST [secret]"),
            ("no source ZaVnC4dhaV2, key hush-hush", "no source [secret], key [secret]"),
            ("api-key-1 is not known in v1", "[secret] is not known in v1"),
            ("busy", "busy"),
        ] {
            let mut bytes = body.as_bytes().to_vec();
            secrets.hide(&mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), shown);
        }
        assert_eq!(format!("{secrets:?}"), "[secret]");
    }
}
