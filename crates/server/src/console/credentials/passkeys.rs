//! Passkeys: the relying party of WebAuthn level 3, with its cryptography left to `webauthn_rp`.
//!
//! ```text
//!  start_registration ──options──> browser ──answer──> finish_registration ──> StoredPasskey
//!  start_authentication ─options─> browser ──answer──> Assertion::parse ──> whose? ──> finish_authentication
//! ```
//!
//! Options are what `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take; answers are what
//! `credential.toJSON()` gives. A passkey is discoverable and verifies its person, so it is enough alone and nobody
//! types an email. What it leaves to others: keeping challenges (each once) and passkeys, and refusing a credential id
//! that somebody has already.

use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use daybook_events::{IdError, PersonId};
use serde::{Deserialize, Serialize};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, ExtensionInfo, RpId,
        auth::AuthenticationVerificationOptions,
        register::{CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, Username},
    },
    response::{AuthenticatorAttachment, CredentialId},
};

use super::labels::{Attachment, guess_label};

mod kept;
mod refusal;
#[cfg(test)]
mod tests;

use kept::{PasskeyData, USER_HANDLE_BYTES, decode_base64, descriptor, read_data, stored, user_handle, write_data};
pub(crate) use refusal::{PasskeyError, Refusal};
use refusal::{authentication_refused, kept_error, refused, registration_refused, start_error, unreadable};

/// Answers of real authenticators have 1 to 4 KiB.
const ANSWER_BYTES_MAX: usize = 32 * 1024;

/// The hub as passkeys see it: bound to its host name for good.
#[derive(Debug, Clone)]
pub(crate) struct RelyingParty {
    rp_id: RpId,
    origins: Vec<String>,
}

/// What the hub keeps between asking for a new passkey and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RegistrationChallenge(String);

/// What the hub keeps between asking for a passkey and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthenticationChallenge(String);

/// Who gets a passkey, as their authenticator shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder<'a> {
    pub(crate) person_id: &'a PersonId,
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
}

/// A passkey as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPasskey {
    /// The authenticator's id of it, base64url.
    pub(crate) credential_id: String,
    /// Whose.
    pub(crate) person_id: PersonId,
    /// What verifies it, and its counter; JSON that only this module reads.
    pub(crate) data: String,
}

/// A browser's answer to an authentication challenge, read and not yet verified.
#[derive(Debug)]
pub(crate) struct Assertion {
    answer: DiscoverableAuthentication<USER_HANDLE_BYTES>,
    person_id: PersonId,
}

/// An answer that names its person: `webauthn_rp` 0.3.0 takes a `userHandle` of `null` as well, and panics later.
#[derive(Deserialize)]
struct NamedAnswer {
    response: NamedResponse,
}

#[derive(Deserialize)]
struct NamedResponse {
    #[serde(rename = "userHandle")]
    user_handle: String,
}

impl RelyingParty {
    /// The relying party of a public host, `host` or `host:port`. `None` for an IP address, which cannot have passkeys.
    /// `plain_http` allows `http` on localhost as well, where browsers do.
    ///
    /// # Errors
    ///
    /// `Invalid`: the host is no domain name in ASCII.
    pub(crate) fn new(public_host: &str, plain_http: bool) -> Result<Option<Self>, PasskeyError> {
        let lower_host = public_host.to_ascii_lowercase();
        if lower_host.starts_with('[') || lower_host.parse::<IpAddr>().is_ok() {
            return Ok(None);
        }
        let (host, port) = split_port(&lower_host);
        if host.parse::<IpAddr>().is_ok() {
            return Ok(None);
        }
        let refused = || PasskeyError::Host(public_host.chars().take(300).collect());
        let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !is_port || host.ends_with('.') || !host.bytes().all(is_plain) {
            return Err(refused());
        }
        let domain = AsciiDomain::try_from(host.to_owned()).map_err(|_| refused())?;
        let mut origins = vec![origin("https", host, port, "443")];
        if plain_http && (host == "localhost" || host.ends_with(".localhost")) {
            origins.push(origin("http", host, port, "80"));
        }
        Ok(Some(Self { rp_id: RpId::Domain(domain), origins }))
    }

    /// Asks a person's browser for a new passkey on an authenticator that has none of theirs yet. Returns the options
    /// as JSON and what to keep.
    ///
    /// # Errors
    ///
    /// `Internal`: a credential id is damaged, or the options could not be made.
    pub(crate) fn start_registration(
        &self,
        holder: &Holder<'_>,
        known_credential_ids: &[String],
    ) -> Result<(String, RegistrationChallenge), PasskeyError> {
        let handle = user_handle(holder.person_id)?;
        let known = known_credential_ids.iter().map(|id| descriptor(id)).collect::<Result<_, _>>()?;
        let user = PublicKeyCredentialUserEntity {
            name: Username::try_from(holder.email)
                .or_else(|_| Username::try_from(holder.person_id.as_str()))
                .map_err(start_error)?,
            id: &handle,
            display_name: Nickname::try_from(holder.name).ok(),
        };
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.rp_id, user, known);
        // Security keys that know the extension protect the passkey; the others are good enough with a PIN.
        options.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
        let (kept, question) = options.start_ceremony().map_err(start_error)?;
        let challenge = RegistrationChallenge(BASE64URL_NOPAD.encode(&kept.encode().map_err(start_error)?));
        Ok((serde_json::to_string(&question).map_err(start_error)?, challenge))
    }

    /// Verifies a new passkey of a person. Returns it with a guess of its name.
    ///
    /// # Errors
    ///
    /// `Invalid`: the answer is unreadable; `Unauthenticated`: refused; `Internal`: the challenge is damaged.
    pub(crate) fn finish_registration(
        &self,
        challenge: &RegistrationChallenge,
        person_id: &PersonId,
        answer: &str,
    ) -> Result<(StoredPasskey, &'static str), PasskeyError> {
        let answer = Registration::from_json_relaxed(bounded(answer)?).map_err(unreadable)?;
        let kept = decode_base64("challenge", &challenge.0)?;
        let kept =
            RegistrationServerState::<USER_HANDLE_BYTES>::decode(&kept).map_err(|e| kept_error("challenge", e))?;
        let options = RegistrationVerificationOptions::<String, String> {
            allowed_origins: &self.origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let passkey = kept.verify(&self.rp_id, &answer, &options).map_err(registration_refused)?;
        if passkey.user_id() != &user_handle(person_id)? {
            return Err(refused(Refusal::NotTheirs, "the challenge was for somebody else"));
        }
        let label = guess_label(passkey.metadata().aaguid.data(), attachment(answer.authenticator_attachment()));
        Ok((stored(&passkey, person_id)?, label))
    }

    /// Asks a browser for any passkey of this hub. Returns the options as JSON and what to keep.
    ///
    /// # Errors
    ///
    /// `Internal`: the options could not be made.
    pub(crate) fn start_authentication(&self) -> Result<(String, AuthenticationChallenge), PasskeyError> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.rp_id);
        let (kept, question) = options.start_ceremony().map_err(start_error)?;
        let challenge = AuthenticationChallenge(BASE64URL_NOPAD.encode(&kept.encode().map_err(start_error)?));
        Ok((serde_json::to_string(&question).map_err(start_error)?, challenge))
    }

    /// Verifies an answer by the passkey that [`Assertion::credential_id`] found. Returns its data to be stored instead
    /// of the former: the counter has moved.
    ///
    /// # Errors
    ///
    /// `Unauthenticated`: refused; `Internal`: the challenge or the passkey is damaged.
    pub(crate) fn finish_authentication(
        &self,
        challenge: &AuthenticationChallenge,
        assertion: &Assertion,
        passkey: &StoredPasskey,
    ) -> Result<String, PasskeyError> {
        let kept = decode_base64("challenge", &challenge.0)?;
        let kept = DiscoverableAuthenticationServerState::decode(&kept).map_err(|e| kept_error("challenge", e))?;
        let handle = user_handle(&passkey.person_id)?;
        let id = decode_base64("id", &passkey.credential_id)?;
        let id = CredentialId::<&[u8]>::decode(&id).map_err(|e| kept_error("id", e))?;
        let data: PasskeyData = serde_json::from_str(&passkey.data).map_err(|e| kept_error("data", e))?;
        let (key, state) = read_data(&data)?;
        let mut credential =
            AuthenticatedCredential::new(id, &handle, key, state).map_err(|e| kept_error("data", e))?;
        let options = AuthenticationVerificationOptions::<String, String> {
            allowed_origins: &self.origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        kept.verify(&self.rp_id, &assertion.answer, &mut credential, &options).map_err(authentication_refused)?;
        let Ok(state) = credential.dynamic_state().encode();
        write_data(data.key, &state)
    }
}

impl Assertion {
    /// Reads a browser's answer. Nothing in it is proven until [`RelyingParty::finish_authentication`].
    ///
    /// # Errors
    ///
    /// `Invalid`: it is not what `credential.toJSON()` gives, or names nobody of this hub.
    pub(crate) fn parse(answer: &str) -> Result<Self, PasskeyError> {
        let json = bounded(answer)?;
        let named: NamedAnswer = serde_json::from_slice(json).map_err(unreadable)?;
        let handle = BASE64URL_NOPAD.decode(named.response.user_handle.as_bytes()).map_err(unreadable)?;
        let person_id = String::from_utf8(handle).map_err(unreadable)?.parse().map_err(|e: IdError| unreadable(e))?;
        let answer = DiscoverableAuthentication::from_json_relaxed(json).map_err(unreadable)?;
        Ok(Self { answer, person_id })
    }

    /// The authenticator's id of the passkey, base64url.
    pub(crate) fn credential_id(&self) -> String {
        BASE64URL_NOPAD.encode(self.answer.raw_id().as_ref())
    }

    /// Whose it says it is.
    pub(crate) fn person_id(&self) -> &PersonId {
        &self.person_id
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)))
}

/// An origin as browsers write it: without the scheme's own port.
fn origin(scheme: &str, host: &str, port: Option<&str>, own_port: &str) -> String {
    match port {
        Some(port) if port != own_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}

fn attachment(attachment: AuthenticatorAttachment) -> Attachment {
    match attachment {
        AuthenticatorAttachment::Platform => Attachment::ThisDevice,
        AuthenticatorAttachment::CrossPlatform => Attachment::Roaming,
        AuthenticatorAttachment::None => Attachment::Unknown,
    }
}

fn bounded(answer: &str) -> Result<&[u8], PasskeyError> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(unreadable("it is larger than 32 KiB"));
    }
    Ok(answer.as_bytes())
}
