//! The compact form of our tokens (RFC 7515, RFC 7519): ES256 and nothing else.
//!
//! `docs/decisions/0003-es256-with-ring.md` says why this is not a general JWT library: one algorithm, one header, no
//! choice that a token could make for its verifier.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use daybook_events::{Claims, KeyId};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: String,
}

/// A token that cannot be ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    /// Not three base64url parts with a JSON header.
    #[error("the token is malformed; was it copied whole?")]
    Malformed,
    /// Not ES256.
    #[error("the token is signed with {0:?}; only ES256 tokens are accepted")]
    Algorithm(String),
    /// No key of ours has this id.
    #[error("the token was not issued by this hub")]
    UnknownKey,
    /// The signature is not by the key it names.
    #[error("the token's signature is wrong; it was altered, or not issued by this hub")]
    Signature,
}

/// A token taken apart, its signature not yet verified.
pub(super) struct Parts<'a> {
    pub(super) key_id: KeyId,
    signed: &'a str,
    signature: Vec<u8>,
    /// SHA-256 of the signature segment, hexadecimal: what the token is registered by.
    pub(super) signature_digest: String,
}

/// A token signed with a key, and the digest of its signature segment.
pub(super) fn sign(key: &EcdsaKeyPair, key_id: &KeyId, claims: &Claims) -> (String, String) {
    let header = Header { alg: "ES256".to_owned(), kid: kid(key_id), typ: "JWT".to_owned() };
    let encode = |json: Vec<u8>| BASE64URL_NOPAD.encode(&json);
    let header = encode(serde_json::to_vec(&header).expect("a header is plain data"));
    let payload = encode(serde_json::to_vec(claims).expect("claims are plain data"));
    let signed = format!("{header}.{payload}");
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signing needs only random bytes");
    let signature = BASE64URL_NOPAD.encode(signature.as_ref());
    let digest = digest_of(&signature);
    (format!("{signed}.{signature}"), digest)
}

/// Takes a token apart.
pub(super) fn parse(token: &str) -> Result<Parts<'_>, JwtError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(JwtError::Malformed);
    }
    let (signed, signature_text) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    if payload.contains('.') {
        return Err(JwtError::Malformed);
    }
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| JwtError::Malformed)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwtError::Malformed)?;
    if header.alg != "ES256" {
        return Err(JwtError::Algorithm(header.alg.chars().take(16).collect()));
    }
    let key_id = header.kid.to_ascii_uppercase().parse().map_err(|_| JwtError::UnknownKey)?;
    let signature = BASE64URL_NOPAD.decode(signature_text.as_bytes()).map_err(|_| JwtError::Malformed)?;
    Ok(Parts { key_id, signed, signature, signature_digest: digest_of(signature_text) })
}

impl Parts<'_> {
    /// Verifies the signature with the public key that the token names.
    pub(super) fn verify(&self, public_key: &[u8]) -> Result<(), JwtError> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| JwtError::Signature)
    }
}

/// A fresh key: its PKCS #8 document and its public point.
pub(super) fn generate_key() -> (Vec<u8>, Vec<u8>) {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .expect("making a key needs only random bytes");
    let key = read_key(document.as_ref()).expect("a key just made can be read");
    (document.as_ref().to_vec(), key.public_key().as_ref().to_vec())
}

/// A key from its PKCS #8 document.
pub(super) fn read_key(pkcs8: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new()).ok()
}

/// SHA-256 of a text, hexadecimal.
pub(crate) fn digest_of(text: &str) -> String {
    HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// What the token is registered by; `None` when the text is no token.
pub(crate) fn signature_digest_of(token: &str) -> Option<String> {
    parse(token).ok().map(|parts| parts.signature_digest)
}

/// Key ids stand in tokens in lower case, as the vendor's do.
fn kid(key_id: &KeyId) -> String {
    key_id.as_str().to_ascii_lowercase()
}

/// A public key as others read it (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Jwk {
    /// `EC`.
    kty: String,
    /// `P-256`.
    crv: String,
    /// The point, base64url.
    x: String,
    /// The point, base64url.
    y: String,
    /// `ES256`.
    alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    usage: String,
    /// The key's id.
    kid: String,
}

impl Jwk {
    /// From an uncompressed point of P-256: 4, then 32 bytes of x and 32 of y.
    pub(super) fn of(key_id: &KeyId, public_key: &[u8]) -> Option<Self> {
        let point = public_key.strip_prefix(&[4]).filter(|point| point.len() == 64)?;
        let (x, y) = point.split_at(32);
        Some(Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: BASE64URL_NOPAD.encode(x),
            y: BASE64URL_NOPAD.encode(y),
            alg: "ES256".to_owned(),
            usage: "sig".to_owned(),
            kid: kid(key_id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            aud: vec!["localhost:8443".into()],
            features: vec!["auditevents".into()],
            account: Some("A".into()),
            sub: Some("S".into()),
            iss: Some("I".into()),
            iat: Some(1),
            exp: None,
            jti: Some("J".into()),
        }
    }

    #[test]
    fn a_signed_token_verifies_and_an_altered_one_does_not() {
        let (pkcs8, public_key) = generate_key();
        let key_id = KeyId::random();
        let (token, digest) = sign(&read_key(&pkcs8).unwrap(), &key_id, &claims());
        let parts = parse(&token).unwrap();
        assert_eq!((&parts.key_id, &parts.signature_digest), (&key_id, &digest));
        assert_eq!(parts.verify(&public_key), Ok(()));
        assert_eq!(parts.verify(&generate_key().1), Err(JwtError::Signature));
        assert_eq!(daybook_events::decode_unverified(&token).unwrap(), claims());

        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            let accepted =
                parse(&altered).is_ok_and(|parts| parts.key_id == key_id && parts.verify(&public_key).is_ok());
            assert!(!accepted, "altered at {at}");
        }
    }

    #[test]
    fn other_algorithms_and_broken_copies_are_refused() {
        let token = |header: &str| format!("{}.e30.c2ln", BASE64URL_NOPAD.encode(header.as_bytes()));
        for alg in ["none", "HS256", "RS256"] {
            let refusal = parse(&token(&format!("{{\"alg\":\"{alg}\",\"kid\":\"x\"}}"))).err();
            assert_eq!(refusal, Some(JwtError::Algorithm(alg.into())));
        }
        for broken in ["", "a", "a.b", "a.b.c.d", "a.b.c", &"x".repeat(5000), &token("[]"), &token("{}")] {
            assert_eq!(parse(broken).err(), Some(JwtError::Malformed), "{broken}");
        }
        assert_eq!(parse(&token("{\"alg\":\"ES256\",\"kid\":\"x\"}")).err(), Some(JwtError::UnknownKey));
    }

    #[test]
    fn the_payload_decodes_with_plain_base64() {
        // One official client decodes it with atob(), which knows no '-' or '_'.
        let (token, _) = sign(&read_key(&generate_key().0).unwrap(), &KeyId::random(), &claims());
        let payload = token.split('.').nth(1).unwrap();
        assert!(!payload.contains(['-', '_']));
    }
}
