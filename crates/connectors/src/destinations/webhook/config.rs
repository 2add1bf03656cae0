//! The options of a webhook.

use data_encoding::BASE64;
use ring::signature::Ed25519KeyPair;

use super::encode::SigningKey;
use crate::{
    Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::Compression,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Webhook",
    summary: "Posts each event to a URL of yours, signed by the Standard Webhooks rules.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "100", kib: "1024", wait_ms: "200" },
    settings: &[
        Setting::new("url", Form::Url, "Where to post to.").required(),
        Setting::new(
            "secret",
            Form::Secret,
            "Signs the requests: whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of an Ed25519 seed.",
        )
        .required(),
        Setting::new("previous_secret", Form::Secret, "Signs too, while the receiver changes over to the new one."),
        Setting::new(
            "one_request",
            Form::Choice(&["event", "batch"]),
            "What one request carries: one event, or all of a batch in `data`.",
        )
        .or("event"),
        Compression::SETTING.or("none"),
    ],
};

/// What a webhook is made of besides its URL.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) keys: Vec<SigningKey>,
    pub(super) is_batched: bool,
    pub(super) compression: Compression,
}

impl Config {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let mut keys = Vec::new();
        for name in ["secret", "previous_secret"] {
            if let Some(secret) = settings.optional(name) {
                keys.push(signing_key(secret).map_err(|reason| SettingsError::of(name, reason))?);
            }
        }
        let is_batched = settings.text("one_request") == "batch";
        Ok(Self { keys, is_batched, compression: Compression::of(settings) })
    }
}

fn signing_key(secret: &str) -> Result<SigningKey, String> {
    if let Some(text) = secret.strip_prefix("whsec_") {
        let key = BASE64.decode(text.as_bytes()).ok().filter(|key| (24..=64).contains(&key.len()));
        let key = key.ok_or("must be whsec_ and base64 of 24 to 64 bytes")?;
        return Ok(SigningKey::Hmac(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key)));
    }
    if let Some(text) = secret.strip_prefix("whsk_") {
        // Some libraries write the seed alone, some the seed and the public key.
        let seed = BASE64.decode(text.as_bytes()).ok().filter(|seed| matches!(seed.len(), 32 | 64));
        let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed[..32]).ok());
        return pair
            .map(|pair| SigningKey::Ed25519(Box::new(pair)))
            .ok_or("must be whsk_ and base64 of 32 bytes".into());
    }
    Err("must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)".to_owned())
}
