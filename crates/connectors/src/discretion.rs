//! What others repeat of our secrets is not shown: many answer with the header or the URL that they were asked with. It is
//! taken out once, of what comes from a source or a destination of any kind.

use std::fmt;

use data_encoding::BASE64;
use reqwest::Url;

use crate::{Delivered, DeliveryError, Description, Form, Hop, HopOutcome, Setting, Settings, SourceError, http::CUT};

const SHOWN: &str = "[secret]";
/// Shorter texts are found in words that are no secret.
const CHARS_MIN: usize = 6;
/// Shorter parts of a path are words, such as `receiver`.
const SEGMENT_CHARS_MIN: usize = 10;

/// The secrets of a connector, to be taken out of what people see.
#[derive(Default)]
pub(crate) struct Discretion(Vec<String>);

/// They stay out of here too.
impl fmt::Debug for Discretion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Discretion([secret])")
    }
}

impl Discretion {
    /// About the secrets among these settings: whole, line by line, what stands behind a colon, and in base64, also as the
    /// password of a user; path and query of those that are URLs, and the query of every URL.
    pub(crate) fn about(description: &Description, settings: &Settings) -> Self {
        let mut texts = Vec::new();
        let username = description.setting("username").and_then(|setting| settings.optional(setting.name));
        for setting in description.all_settings().filter(Setting::is_secret) {
            let value = settings.text(setting.name);
            texts.push(value.to_owned());
            texts.push(BASE64.encode(value.as_bytes()));
            texts.extend(username.map(|name| BASE64.encode(format!("{name}:{value}").as_bytes())));
            for line in value.lines() {
                texts.push(line.trim().to_owned());
                texts.extend(line.split_once(':').map(|(_, value)| value.trim().to_owned()));
            }
            add_url(&mut texts, value, true);
        }
        for setting in description.all_settings().filter(|setting| setting.form == Form::Url) {
            add_url(&mut texts, settings.text(setting.name), false);
        }
        texts.retain(|text| text.len() >= CHARS_MIN);
        // The longest first: a part of a text is not left over.
        texts.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        texts.dedup();
        Self(texts)
    }

    /// The text without them.
    fn text(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), SHOWN);
            }
            // A text that was cut short may end in the middle of one.
            while let Some(at) = cut_within(text, secret) {
                text.replace_range(at.., &format!("{SHOWN}{CUT}"));
            }
        }
    }

    /// What came of an attempt, without them.
    pub(crate) fn came(&self, came: Result<Delivered, DeliveryError>) -> Result<Delivered, DeliveryError> {
        match came {
            Ok(mut delivered) => {
                delivered.rejected.iter_mut().for_each(|rejected| self.text(&mut rejected.reason));
                if let Some(unnamed) = &mut delivered.refused_unnamed {
                    self.text(&mut unnamed.reason);
                }
                if let Some(unsettled) = &mut delivered.unsettled {
                    self.error(&mut unsettled.error);
                }
                Ok(delivered)
            }
            Err(mut error) => {
                self.error(&mut error);
                Err(error)
            }
        }
    }

    /// Why a source gave nothing, without them.
    pub(crate) fn source_error(&self, mut error: SourceError) -> SourceError {
        match &mut error {
            SourceError::Retry { reason, .. } | SourceError::Stop { reason, .. } => self.text(reason),
        }
        error
    }

    /// The steps of a test, without them.
    pub(crate) fn hops(&self, mut hops: Vec<Hop>) -> Vec<Hop> {
        for hop in &mut hops {
            match &mut hop.outcome {
                HopOutcome::Passed(seen) => self.text(seen),
                HopOutcome::Failed { reason, .. } => self.text(reason),
            }
        }
        hops
    }

    fn error(&self, error: &mut DeliveryError) {
        match error {
            DeliveryError::Retry { reason, .. }
            | DeliveryError::TooLarge { reason }
            | DeliveryError::Refused { reason }
            | DeliveryError::Stop { reason, .. } => self.text(reason),
        }
    }
}

/// What of a URL is a credential: the query, whole and by its values, and of one that is a secret itself the path too.
fn add_url(texts: &mut Vec<String>, value: &str, is_secret: bool) {
    let Ok(url) = Url::parse(value) else { return };
    let query = url.query().unwrap_or_default();
    texts.push(query.to_owned());
    texts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    if is_secret {
        texts.push(format!("{}?{query}", url.path()));
        texts.push(url.path().to_owned());
        let segments = url.path_segments().into_iter().flatten();
        texts.extend(segments.filter(|segment| segment.len() >= SEGMENT_CHARS_MIN).map(str::to_owned));
    }
}

/// Where the beginning of a secret begins that a text which was cut short ends with.
fn cut_within(text: &str, secret: &str) -> Option<usize> {
    let kept = text.strip_suffix(CUT)?;
    let mut beginnings = secret.char_indices().map(|(end, _)| &secret[..end]).rev();
    let beginning = beginnings.find(|part| part.len() >= CHARS_MIN && kept.ends_with(part))?;
    Some(kept.len() - beginning.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::DestinationKind;

    fn about(kind: DestinationKind, given: &[(&str, &str)]) -> Discretion {
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Discretion::about(kind.description(), &Settings::check(kind.description(), &given).unwrap())
    }

    fn shown(discretion: &Discretion, said: &str) -> String {
        discretion.came(Err(DeliveryError::refused(said))).unwrap_err().to_string()
    }

    #[test]
    fn what_a_receiver_repeats_is_not_shown() {
        let url = "https://a.example/receiver/v1/http/ZaVnC4dhaV2?key=hush-hush";
        let http = about(
            DestinationKind::Http,
            &[
                ("url", url),
                ("auth", "basic"),
                ("username", "daybook"),
                ("secret", "pass-1"),
                ("headers", "x-key:api-key-1"),
            ],
        );
        let pair = BASE64.encode(b"daybook:pass-1");
        for (said, seen) in [
            ("Cannot POST /receiver/v1/http/ZaVnC4dhaV2?key=hush-hush", "Cannot POST [secret]"),
            ("no source ZaVnC4dhaV2, key hush-hush", "no source [secret], key [secret]"),
            ("api-key-1 is not known in v1", "[secret] is not known in v1"),
            (
                &format!("you sent pass-1 ({pair}, {})", BASE64.encode(b"pass-1")),
                "you sent [secret] ([secret], [secret])",
            ),
            ("busy", "busy"),
        ] {
            assert_eq!(shown(&http, said), seen);
        }
        assert_eq!(format!("{http:?}"), "Discretion([secret])");
    }

    #[test]
    fn a_text_that_was_cut_short_shows_no_beginning_of_one() {
        let webhook = about(
            DestinationKind::Webhook,
            &[("url", "https://siem.acme.example"), ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        );
        assert_eq!(shown(&webhook, "you sent whsec_MfKQ9…"), "you sent [secret]…");
        assert_eq!(shown(&webhook, "you sent whsec…"), "you sent whsec…", "that is a word");
    }

    #[test]
    fn a_plain_url_is_shown_but_for_its_query() {
        let url = "https://chronicle.example/feeds/feed-number-1:import?key=hush-hush";
        let feed = about(
            DestinationKind::GoogleSecops,
            &[("url", url), ("api_key", "AIza-1234"), ("feed_secret", "feed-1234")],
        );
        let said = "no key hush-hush at /feeds/feed-number-1:import";
        assert_eq!(shown(&feed, said), "no key [secret] at /feeds/feed-number-1:import");
    }

    #[test]
    fn what_an_upstream_repeats_is_not_shown() {
        let given = [("url", "https://events.acme.example"), ("token", "eyJhbGciOi.payload.signature")];
        let given: BTreeMap<String, String> = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let description = crate::SourceKind::Upstream.description();
        let settings = Settings::check(description, &given).unwrap();
        let said = SourceError::stop(format!("401: no such token: {}", given["token"]), "make a new one");
        let told = Discretion::about(description, &settings).source_error(said);
        assert_eq!(told, SourceError::stop("401: no such token: [secret]", "make a new one"));
    }
}
