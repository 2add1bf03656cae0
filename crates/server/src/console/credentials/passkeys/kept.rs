//! What is kept of passkeys and challenges, as text: base64url of `webauthn_rp`'s own encoding, which the version of
//! the crate fixes.

use data_encoding::BASE64URL_NOPAD;
use daybook_events::PersonId;
use serde::{Deserialize, Serialize};
use webauthn_rp::{
    RegisteredCredential,
    bin::{Decode, Encode},
    request::{PublicKeyCredentialDescriptor, register::UserHandle},
    response::{
        AuthTransports, CredentialId,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

use super::{
    StoredPasskey,
    refusal::{PasskeyError, kept_error, start_error},
};

/// The user handle is the person's id as it stands: random, and no personal data.
pub(super) const USER_HANDLE_BYTES: usize = 26;

type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// The stored form of a passkey.
#[derive(Serialize, Deserialize)]
pub(super) struct PasskeyData {
    /// Public key and fixed properties, base64url.
    pub(super) key: String,
    /// Counter and flags, base64url; changes with each use.
    pub(super) state: String,
}

pub(super) fn user_handle(person_id: &PersonId) -> Result<UserHandle<USER_HANDLE_BYTES>, PasskeyError> {
    let bytes = <[u8; USER_HANDLE_BYTES]>::try_from(person_id.as_str().as_bytes()).map_err(start_error)?;
    let Ok(handle) = UserHandle::decode(bytes);
    Ok(handle)
}

pub(super) fn descriptor(credential_id: &str) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, PasskeyError> {
    let id = decode_base64("id", credential_id)?;
    let id = CredentialId::<Vec<u8>>::decode(id).map_err(|error| kept_error("id", error))?;
    let transports = AuthTransports::decode(0).map_err(|error| kept_error("transports", error))?;
    Ok(PublicKeyCredentialDescriptor { id, transports })
}

pub(super) fn stored(
    passkey: &RegisteredCredential<'_, USER_HANDLE_BYTES>,
    person_id: &PersonId,
) -> Result<StoredPasskey, PasskeyError> {
    let key = passkey.static_state().encode().map_err(|error| kept_error("key", error))?;
    let Ok(state) = passkey.dynamic_state().encode();
    Ok(StoredPasskey {
        credential_id: BASE64URL_NOPAD.encode(passkey.id().as_ref()),
        person_id: person_id.clone(),
        data: write_data(BASE64URL_NOPAD.encode(&key), &state)?,
    })
}

pub(super) fn write_data(key: String, state: &[u8]) -> Result<String, PasskeyError> {
    let data = PasskeyData { key, state: BASE64URL_NOPAD.encode(state) };
    serde_json::to_string(&data).map_err(|error| kept_error("data", error))
}

pub(super) fn read_data(data: &PasskeyData) -> Result<(StaticState<PublicKey>, DynamicState), PasskeyError> {
    let key = StaticState::decode(&decode_base64("key", &data.key)?).map_err(|error| kept_error("key", error))?;
    let state = <[u8; 7]>::try_from(decode_base64("state", &data.state)?.as_slice());
    let state = DynamicState::decode(state.map_err(|error| kept_error("state", error))?);
    Ok((key, state.map_err(|error| kept_error("state", error))?))
}

pub(super) fn decode_base64(what: &'static str, text: &str) -> Result<Vec<u8>, PasskeyError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|error| kept_error(what, error))
}
