//! How requests show who sends them.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use reqwest::{
    RequestBuilder,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use ring::hmac;

use crate::{Setting, Settings, SettingsError, description::Form};

pub(super) const CHOICES: &[&str] = &["none", "header", "bearer", "basic", "hmac"];

/// The name of the header; `auth` itself has another default with each vendor.
pub(super) const HEADER: Setting = Setting::new(
    "auth_header",
    Form::Text,
    "With auth=header or hmac, the name of the header that carries the secret or the signature.",
);
pub(super) const SECRET: Setting = Setting::new(
    "secret",
    Form::Secret,
    "The value of the header, the bearer token, the password, or the key of the signature.",
);
pub(super) const USERNAME: Setting = Setting::new("username", Form::Text, "With auth=basic, the user's name.");
pub(super) const HASH: Setting = Setting::new(
    "hmac_hash",
    Form::Choice(&["sha256", "sha384", "sha512"]),
    "With auth=hmac, the hash function of the signature.",
)
.or("sha256");
pub(super) const ENCODING: Setting =
    Setting::new("hmac_encoding", Form::Choice(&["hex", "base64"]), "With auth=hmac, how the signature is written.")
        .or("hex");

/// How requests show who sends them.
pub(in crate::destinations) enum Authentication {
    /// Not at all.
    None,
    /// By headers that are always the same.
    Headers(Vec<(HeaderName, HeaderValue)>),
    /// By a signature of the body as it is sent.
    Hmac(Signature),
}

/// A signature of bodies.
pub(in crate::destinations) struct Signature {
    header: HeaderName,
    key: hmac::Key,
    is_base64: bool,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authentication([secret])")
    }
}

impl Authentication {
    /// What the settings `auth`, `auth_header`, `secret`, `username`, `hmac_hash` and `hmac_encoding` say.
    ///
    /// # Errors
    ///
    /// What the chosen way needs is missing, or cannot be in a header.
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let way = settings.text("auth");
        if way == "none" {
            return Ok(Self::None);
        }
        let needed = |name: &'static str| {
            let missing = || SettingsError::of(name, format!("is missing: auth={way} needs it"));
            settings.optional(name).ok_or_else(missing)
        };
        let secret = needed("secret")?;
        let header = || {
            let name = needed("auth_header")?;
            let wrong = || SettingsError::of("auth_header", format!("{name:?} is no name of a header"));
            name.parse::<HeaderName>().map_err(|_| wrong())
        };
        match way {
            "header" => Self::key(header()?, secret, "secret"),
            "bearer" => Self::key(AUTHORIZATION, &format!("Bearer {secret}"), "secret"),
            "basic" => {
                let pair = BASE64.encode(format!("{}:{secret}", needed("username")?).as_bytes());
                Self::key(AUTHORIZATION, &format!("Basic {pair}"), "secret")
            }
            _ => {
                let algorithm = match settings.text("hmac_hash") {
                    "sha512" => hmac::HMAC_SHA512,
                    "sha384" => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA256,
                };
                let key = hmac::Key::new(algorithm, secret.as_bytes());
                let is_base64 = settings.text("hmac_encoding") == "base64";
                Ok(Self::Hmac(Signature { header: header()?, key, is_base64 }))
            }
        }
    }

    /// A header that is always the same, of the value of a setting.
    ///
    /// # Errors
    ///
    /// It cannot be in a header.
    pub(in crate::destinations) fn key(name: HeaderName, value: &str, setting: &str) -> Result<Self, SettingsError> {
        Self::keys(&[(name, value, setting)])
    }

    /// Headers that are always the same: name, value, and the setting that it comes from.
    ///
    /// # Errors
    ///
    /// One of them cannot be in a header.
    pub(in crate::destinations) fn keys(keys: &[(HeaderName, &str, &str)]) -> Result<Self, SettingsError> {
        let header = |(name, value, setting): &(HeaderName, &str, &str)| {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| SettingsError::of(setting, "must be one line of visible ASCII characters"))?;
            value.set_sensitive(true);
            Ok((name.clone(), value))
        };
        Ok(Self::Headers(keys.iter().map(header).collect::<Result<_, SettingsError>>()?))
    }

    /// Adds it to a request with this body, packed already.
    pub(super) fn put(&self, request: RequestBuilder, body: &[u8]) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Headers(headers) => {
                headers.iter().fold(request, |request, (name, value)| request.header(name, value))
            }
            Self::Hmac(Signature { header, key, is_base64 }) => {
                let tag = hmac::sign(key, body);
                let encoding = if *is_base64 { BASE64 } else { HEXLOWER };
                request.header(header, encoding.encode(tag.as_ref()))
            }
        }
    }
}
