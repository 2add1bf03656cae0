//! Ceremonies with an authenticator in software: P-256, "none" attestation, discoverable.

use data_encoding::BASE64URL_NOPAD;
use daybook_events::{Kind, Kinded, PersonId, Timestamp};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;
use crate::console::credentials::challenges::Challenges;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const SYNCED: u8 = 0x08 | 0x10;
const HAS_KEY: u8 = 0x40;
const ONE_PASSWORD: [u8; 16] = 0xbada5566_a7aa_401f_bd96_45619a55120d_u128.to_be_bytes();

/// A browser and its authenticator with one passkey. Its fields are what tests bend.
struct Browser {
    key: EcdsaKeyPair,
    credential_id: Vec<u8>,
    origin: String,
    rp_id: String,
    user_handle: String,
    flags: u8,
    counter: u32,
}

impl Browser {
    fn new(holder: &PersonId) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        Self {
            credential_id: digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec(),
            key,
            origin: "https://hub.example.com".to_owned(),
            rp_id: "hub.example.com".to_owned(),
            user_handle: holder.as_str().to_owned(),
            flags: PRESENT | VERIFIED | SYNCED,
            counter: 0,
        }
    }

    fn client_data(&self, kind: &str, options: &str) -> Vec<u8> {
        let options: Value = serde_json::from_str(options).unwrap();
        let challenge = &options["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    /// `PublicKeyCredential.toJSON()` after `navigator.credentials.create`.
    fn create(&self, options: &str) -> Value {
        let point = self.key.public_key().as_ref();
        let mut data = self.authenticator_data(self.flags | HAS_KEY);
        data.extend_from_slice(&ONE_PASSWORD);
        data.extend_from_slice(&[0, 32]);
        data.extend_from_slice(&self.credential_id);
        data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&point[1..33]);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend_from_slice(&data);
        let mut public_key = hex(b"3059301306072a8648ce3d020106082a8648ce3d030107034200");
        public_key.extend_from_slice(point);
        json!({
            "id": base64(&self.credential_id),
            "rawId": base64(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": base64(&self.client_data("webauthn.create", options)),
                "authenticatorData": base64(&data),
                "transports": ["hybrid", "internal"],
                "publicKey": base64(&public_key),
                "publicKeyAlgorithm": -7,
                "attestationObject": base64(&object),
            },
        })
    }

    /// `PublicKeyCredential.toJSON()` after `navigator.credentials.get`.
    fn get(&self, options: &str) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(self.flags);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": base64(&self.credential_id),
            "rawId": base64(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64(&client_data),
                "authenticatorData": base64(&data),
                "signature": base64(signature.as_ref()),
                "userHandle": base64(self.user_handle.as_bytes()),
            },
        })
    }
}

fn base64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn hex(text: &[u8]) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text).unwrap()
}

fn hub() -> RelyingParty {
    RelyingParty::new("hub.example.com", false).unwrap().unwrap()
}

fn holder(person_id: &PersonId) -> Holder<'_> {
    Holder { person_id, email: "wendy.appleseed@example.com", name: "Wendy Appleseed" }
}

fn register(browser: &Browser, person_id: &PersonId) -> Result<StoredPasskey, PasskeyError> {
    let (options, challenge) = hub().start_registration(&holder(person_id), &[])?;
    let answer = browser.create(&options).to_string();
    hub().finish_registration(&challenge, person_id, &answer).map(|(passkey, _)| passkey)
}

fn sign_in(browser: &Browser, passkey: &StoredPasskey) -> Result<String, PasskeyError> {
    let (options, challenge) = hub().start_authentication()?;
    let assertion = Assertion::parse(&browser.get(&options).to_string())?;
    hub().finish_authentication(&challenge, &assertion, passkey)
}

/// Somebody with a passkey.
fn somebody() -> (Browser, StoredPasskey) {
    let person_id = PersonId::random();
    let browser = Browser::new(&person_id);
    let passkey = register(&browser, &person_id).unwrap();
    (browser, passkey)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, PasskeyError>) -> Refusal {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
    error.refusal().unwrap()
}

#[test]
fn registered_passkey_signs_in() {
    let person_id = PersonId::random();
    let mut browser = Browser::new(&person_id);
    let (options, challenge) = hub().start_registration(&holder(&person_id), &[]).unwrap();
    let challenge: RegistrationChallenge = serde_json::from_str(&serde_json::to_string(&challenge).unwrap()).unwrap();
    let answer = browser.create(&options).to_string();
    let (mut passkey, label) = hub().finish_registration(&challenge, &person_id, &answer).unwrap();
    assert_eq!((label, &passkey.person_id), ("1Password", &person_id));

    for counter in [1, 2, 9] {
        browser.counter = counter;
        let (options, challenge) = hub().start_authentication().unwrap();
        let assertion = Assertion::parse(&browser.get(&options).to_string()).unwrap();
        assert_eq!(assertion.credential_id(), passkey.credential_id);
        assert_eq!(assertion.person_id(), &person_id);
        let data = hub().finish_authentication(&challenge, &assertion, &passkey).unwrap();
        assert_ne!(data, passkey.data);
        passkey.data = data;
    }
}

#[test]
fn options_are_level_3_json() {
    let person_id = PersonId::random();
    let known = base64(&[7; 16]);
    let (options, _) = hub().start_registration(&holder(&person_id), &[known.clone(), known.clone()]).unwrap();
    let mut options: Value = serde_json::from_str(&options).unwrap();
    let challenge = options["challenge"].take();
    assert_eq!(decode(challenge.as_str().unwrap()).len(), 16);
    let expected = json!({
        "rp": {"id": "hub.example.com", "name": "hub.example.com"},
        "user": {
            "id": base64(person_id.as_str().as_bytes()),
            "name": "wendy.appleseed@example.com",
            "displayName": "Wendy Appleseed",
        },
        "challenge": null,
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -35},
            {"type": "public-key", "alg": -257},
        ],
        "timeout": 300_000,
        "excludeCredentials": [{"type": "public-key", "id": known, "transports": []}],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "hints": [],
        "attestation": "none",
        "attestationFormats": ["none"],
        "extensions": {
            "credentialProtectionPolicy": "userVerificationRequired",
            "enforceCredentialProtectionPolicy": false,
        },
    });
    assert_eq!(options, expected);

    let (options, _) = hub().start_authentication().unwrap();
    let mut options: Value = serde_json::from_str(&options).unwrap();
    options["challenge"].take();
    let expected = json!({
        "challenge": null,
        "timeout": 300_000,
        "rpId": "hub.example.com",
        "allowCredentials": [],
        "userVerification": "required",
        "hints": [],
        "extensions": {},
    });
    assert_eq!(options, expected);
}

#[test]
fn names_that_authenticators_refuse_do_not_stop_a_registration() {
    let person_id = PersonId::random();
    for (email, name) in [("two words@example.com", ""), ("", "\u{7}"), ("用户@例え.jp", "山田")] {
        let holder = Holder { person_id: &person_id, email, name };
        let (options, _) = hub().start_registration(&holder, &[]).unwrap();
        assert!(serde_json::from_str::<Value>(&options).unwrap()["user"]["displayName"].is_string());
    }
}

#[test]
fn other_origin_is_refused() {
    let (mut browser, passkey) = somebody();
    for origin in ["https://hub.example.com.evil.test", "http://hub.example.com", "https://hub.example.com:8443"] {
        origin.clone_into(&mut browser.origin);
        assert_eq!(refusal(sign_in(&browser, &passkey)), Refusal::Site);
        assert_eq!(refusal(register(&browser, &passkey.person_id)), Refusal::Site);
    }
}

#[test]
fn other_relying_party_is_refused() {
    let (mut browser, passkey) = somebody();
    "example.com".clone_into(&mut browser.rp_id);
    assert_eq!(refusal(sign_in(&browser, &passkey)), Refusal::Site);
    assert_eq!(refusal(register(&browser, &passkey.person_id)), Refusal::Site);
}

#[test]
fn answer_to_another_challenge_is_refused() {
    let (browser, passkey) = somebody();
    let (options, _) = hub().start_authentication().unwrap();
    let (_, other) = hub().start_authentication().unwrap();
    let assertion = Assertion::parse(&browser.get(&options).to_string()).unwrap();
    assert_eq!(refusal(hub().finish_authentication(&other, &assertion, &passkey)), Refusal::Challenge);

    let (options, _) = hub().start_registration(&holder(&passkey.person_id), &[]).unwrap();
    let (_, other) = hub().start_registration(&holder(&passkey.person_id), &[]).unwrap();
    let answer = browser.create(&options).to_string();
    let result = hub().finish_registration(&other, &passkey.person_id, &answer);
    assert_eq!(refusal(result), Refusal::Challenge);
}

#[test]
fn replayed_answer_finds_no_challenge() {
    let (browser, passkey) = somebody();
    let challenges = Challenges::default();
    let now = Timestamp::from_seconds(1_000);
    let (options, challenge) = hub().start_authentication().unwrap();
    let id = challenges.keep(challenge, now);
    let assertion = Assertion::parse(&browser.get(&options).to_string()).unwrap();
    let challenge = challenges.take(&id, now).unwrap();
    hub().finish_authentication(&challenge, &assertion, &passkey).unwrap();
    assert_eq!(challenges.take(&id, now), None);
}

#[test]
fn late_answer_is_refused() {
    let (browser, passkey) = somebody();
    let (options, challenge) = hub().start_authentication().unwrap();
    let assertion = Assertion::parse(&browser.get(&options).to_string()).unwrap();
    let mut kept = decode(&challenge.0);
    let time_at = kept.len() - 12;
    kept[time_at..].fill(0);
    let expired = AuthenticationChallenge(base64(&kept));
    assert_eq!(refusal(hub().finish_authentication(&expired, &assertion, &passkey)), Refusal::Expired);
}

#[test]
fn altered_signature_or_data_is_refused() {
    let (browser, passkey) = somebody();
    let (other, _) = somebody();
    let (options, challenge) = hub().start_authentication().unwrap();
    let answer = browser.get(&options);
    let mut altered = answer.clone();
    let mut data = browser.authenticator_data(browser.flags);
    data[36] = 200;
    altered["response"]["authenticatorData"] = base64(&data).into();
    let mut forged = answer.clone();
    forged["response"]["signature"] = other.get(&options)["response"]["signature"].clone();
    for answer in [altered, forged] {
        let assertion = Assertion::parse(&answer.to_string()).unwrap();
        assert_eq!(refusal(hub().finish_authentication(&challenge, &assertion, &passkey)), Refusal::Signature);
    }
}

#[test]
fn other_user_handle_is_refused() {
    let (mut browser, passkey) = somebody();
    PersonId::random().as_str().clone_into(&mut browser.user_handle);
    assert_eq!(refusal(sign_in(&browser, &passkey)), Refusal::NotTheirs);
    "somebody@example.com".clone_into(&mut browser.user_handle);
    assert_eq!(sign_in(&browser, &passkey).unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn other_credential_is_refused() {
    let ((browser, _), (_, passkey)) = (somebody(), somebody());
    let swapped = StoredPasskey { person_id: browser.user_handle.parse().unwrap(), ..passkey };
    assert_eq!(refusal(sign_in(&browser, &swapped)), Refusal::NotTheirs);
}

#[test]
fn registration_for_somebody_else_is_refused() {
    let person_id = PersonId::random();
    let browser = Browser::new(&person_id);
    let (options, challenge) = hub().start_registration(&holder(&person_id), &[]).unwrap();
    let answer = browser.create(&options).to_string();
    let result = hub().finish_registration(&challenge, &PersonId::random(), &answer);
    assert_eq!(refusal(result), Refusal::NotTheirs);
}

#[test]
fn missing_user_verification_is_refused() {
    let (mut browser, passkey) = somebody();
    browser.flags = PRESENT | SYNCED;
    assert_eq!(refusal(sign_in(&browser, &passkey)), Refusal::NotVerified);
    assert_eq!(refusal(register(&browser, &passkey.person_id)), Refusal::NotVerified);
}

#[test]
fn counter_that_goes_back_tells_of_a_copy() {
    let (mut browser, mut passkey) = somebody();
    browser.counter = 5;
    passkey.data = sign_in(&browser, &passkey).unwrap();
    for counter in [5, 4, 0] {
        browser.counter = counter;
        assert_eq!(refusal(sign_in(&browser, &passkey)), Refusal::Cloned);
    }
    browser.counter = 6;
    sign_in(&browser, &passkey).unwrap();
}

#[test]
fn counter_that_stays_zero_is_fine() {
    let (browser, passkey) = somebody();
    assert_eq!(sign_in(&browser, &passkey).unwrap(), passkey.data);
    assert_eq!(sign_in(&browser, &passkey).unwrap(), passkey.data);
}

#[test]
fn answers_that_are_none_are_invalid() {
    let (browser, passkey) = somebody();
    let (options, _) = hub().start_authentication().unwrap();
    let mut without_handle = browser.get(&options);
    without_handle["response"]["userHandle"] = Value::Null;
    let large = format!("{}{}", " ".repeat(40_000), browser.get(&options));
    for answer in ["", "null", "{}", &without_handle.to_string(), &large] {
        assert_eq!(Assertion::parse(answer).unwrap_err().kind(), Kind::Invalid);
        let (_, challenge) = hub().start_registration(&holder(&passkey.person_id), &[]).unwrap();
        let error = hub().finish_registration(&challenge, &passkey.person_id, answer).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
    }
}

#[test]
fn no_answer_makes_us_panic() {
    let (browser, passkey) = somebody();
    let (options, challenge) = hub().start_authentication().unwrap();
    let (new_options, new_challenge) = hub().start_registration(&holder(&passkey.person_id), &[]).unwrap();
    let check = |answer: &Value| {
        let answer = answer.to_string();
        let _ = hub().finish_registration(&new_challenge, &passkey.person_id, &answer);
        if let Ok(assertion) = Assertion::parse(&answer) {
            let _ = hub().finish_authentication(&challenge, &assertion, &passkey);
        }
    };
    for answer in [browser.get(&options), browser.create(&new_options)] {
        for field in answer.as_object().unwrap().keys() {
            for value in [Value::Null, json!(""), json!(7), json!({}), json!([])] {
                let mut bent = answer.clone();
                bent[field] = value;
                check(&bent);
            }
        }
        for field in answer["response"].as_object().unwrap().keys() {
            let mut missing = answer.clone();
            missing["response"].as_object_mut().unwrap().remove(field);
            check(&missing);
            for value in [Value::Null, json!(""), json!("AA"), json!(7), json!({})] {
                let mut bent = answer.clone();
                bent["response"][field] = value;
                check(&bent);
            }
            let Some(bytes) = answer["response"][field].as_str().map(decode) else { continue };
            for at in 0..bytes.len() {
                let mut bent = answer.clone();
                bent["response"][field] = base64(&bytes[..at]).into();
                check(&bent);
                let mut altered = bytes.clone();
                altered[at] ^= 0x41;
                bent["response"][field] = base64(&altered).into();
                check(&bent);
            }
        }
    }
}

#[test]
fn damaged_passkey_is_our_fault() {
    let (browser, passkey) = somebody();
    for data in ["", "{}", r#"{"key":"AAAA","state":"AAAA"}"#] {
        let damaged = StoredPasskey { data: data.to_owned(), ..passkey.clone() };
        assert_eq!(sign_in(&browser, &damaged).unwrap_err().kind(), Kind::Internal);
    }
}

#[test]
fn hosts_decide_about_passkeys() {
    let origins = |host, plain| RelyingParty::new(host, plain).map(|party| party.map(|party| party.origins));
    assert_eq!(origins("Hub.Example.com", true).unwrap().unwrap(), ["https://hub.example.com"]);
    assert_eq!(origins("hub.example.com:443", false).unwrap().unwrap(), ["https://hub.example.com"]);
    assert_eq!(origins("hub.example.com:8443", false).unwrap().unwrap(), ["https://hub.example.com:8443"]);
    assert_eq!(origins("localhost:8080", false).unwrap().unwrap(), ["https://localhost:8080"]);
    let both = ["https://localhost:8080", "http://localhost:8080"];
    assert_eq!(origins("localhost:8080", true).unwrap().unwrap(), both);
    for address in ["192.0.2.7", "192.0.2.7:8443", "2001:db8::1", "[2001:db8::1]:8443"] {
        assert_eq!(origins(address, true).unwrap(), None);
    }
    for host in ["", "hub.example.com.", "hub.example.com:port", "a b", "hub.example.com/x", "höb.example", "a..b"] {
        assert_eq!(origins(host, false).unwrap_err().kind(), Kind::Invalid, "{host}");
    }
}
