//! What receivers repeat of our secrets is not shown: many answer with the header or the URL that they were asked with.

use data_encoding::BASE64;
use daybook_connectors::{Delivered, DeliveryError, Description, Hop, HopOutcome, Settings};

const SHOWN: &str = "[secret]";
/// Shorter texts are found in words that are no secret.
const CHARS_MIN: usize = 6;

/// The secrets of a connector, to be taken out of what people see.
#[derive(Default)]
pub(crate) struct Discretion(Vec<String>);

/// They stay out of here too.
impl std::fmt::Debug for Discretion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Discretion([secret])")
    }
}

impl Discretion {
    /// About the secrets among these settings: whole, line by line, what stands behind a colon, and in base64.
    pub(crate) fn about(description: &Description, settings: &Settings) -> Self {
        let mut texts = Vec::new();
        for setting in description.all_settings().filter(daybook_connectors::Setting::is_secret) {
            let value = settings.text(setting.name);
            texts.push(value.to_owned());
            texts.push(BASE64.encode(value.as_bytes()));
            for line in value.lines() {
                texts.push(line.trim().to_owned());
                texts.extend(line.split_once(": ").map(|(_, value)| value.trim().to_owned()));
            }
        }
        texts.retain(|text| text.len() >= CHARS_MIN);
        // The longest first: a part of a text is not left over.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts)
    }

    /// The text without them.
    fn text(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), SHOWN);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use daybook_connectors::DestinationKind;

    use super::*;

    #[test]
    fn what_a_receiver_repeats_is_not_shown() {
        let given = [("url", "https://siem.acme.example"), ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let given: BTreeMap<String, String> = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let description = DestinationKind::Webhook.description();
        let settings = Settings::check(description, &given).unwrap();
        let discretion = Discretion::about(description, &settings);
        let said = format!("400: you sent {} ({})", given["secret"], BASE64.encode(given["secret"].as_bytes()));
        let came = discretion.came(Err(DeliveryError::refused(said)));
        assert_eq!(came, Err(DeliveryError::refused("400: you sent [secret] ([secret])")));
        assert!(!format!("{discretion:?}").contains("whsec"));
    }
}
