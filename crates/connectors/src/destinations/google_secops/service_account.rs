//! Tokens of a Google service account: a claim signed with its key (RFC 7523, RS256).

use data_encoding::BASE64URL_NOPAD;
use daybook_events::Timestamp;
use ring::{rand::SystemRandom, signature::RSA_PKCS1_SHA256, signature::RsaKeyPair};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::Deserialize;
use serde_json::json;

use crate::{
    DeliveryError, SettingsError,
    http::{Grant, HttpSender, TokenSource},
};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const CLAIM_SECS: i64 = 3600;

/// A key of a service account.
pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    token_uri: String,
    key: RsaKeyPair,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    private_key: String,
    token_uri: String,
}

/// Tokens of the account of a key, as Google gives it.
///
/// # Errors
///
/// The text is no such key. What exactly is wrong is not told: it might quote the key.
pub(super) fn tokens_of(text: &str, http: &HttpSender) -> Result<TokenSource<ServiceAccount>, SettingsError> {
    let wrong = |reason: &str| SettingsError::of("service_account_json", reason);
    let file: KeyFile = serde_json::from_str(text)
        .map_err(|_| wrong("must be the JSON of a service account's key: client_email, private_key, token_uri"))?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes());
    let key = der.ok().and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
    let key = key.ok_or_else(|| wrong("its private_key is no RSA key in PKCS #8 and PEM"))?;
    let authority = http.parse_url("service_account_json", &file.token_uri)?;
    let account =
        ServiceAccount { email: file.client_email, key_id: file.private_key_id, token_uri: file.token_uri, key };
    Ok(TokenSource::new(authority, account))
}

impl Grant for ServiceAccount {
    const FIX: &'static str = "check that the service account's key still exists and the hub's clock is right";

    fn fields(&self, now: Timestamp) -> Result<Vec<(&'static str, String)>, DeliveryError> {
        let issued = now.as_seconds();
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": issued, "exp": issued + CLAIM_SECS,
        });
        let part = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| DeliveryError::stop("the service account's key cannot sign", Self::FIX))?;
        let assertion = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature));
        Ok(vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()), ("assertion", assertion)])
    }
}
