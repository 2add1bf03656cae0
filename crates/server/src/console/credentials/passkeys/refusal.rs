//! What can go wrong with a passkey, in few kinds: the many of `webauthn_rp` decide what the log says, these decide
//! what a person is told.

use std::{error::Error, fmt::Display};

use daybook_events::{Kind, Kinded};
use webauthn_rp::response::{auth::error::AuthCeremonyErr, register::error::RegCeremonyErr};

/// What `webauthn_rp` says, as text.
type Cause = Box<dyn Error + Send + Sync>;

/// What did not work with a passkey.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasskeyError {
    /// The public host cannot have passkeys because it is no domain name.
    #[error("{0:?} is no domain name that passkeys can be bound to")]
    Host(String),
    /// The options could not be made.
    #[error("prepare a question for the browser's passkeys")]
    Start(#[source] Cause),
    /// The answer is not what a browser gives.
    #[error("read the browser's answer about a passkey")]
    Answer(#[source] Cause),
    /// What was kept or stored is damaged.
    #[error("read the {0} of a passkey back")]
    Kept(&'static str, #[source] Cause),
    /// The answer was read and is not accepted.
    #[error("verify a passkey: {reason}")]
    Refused {
        /// Why, in few kinds.
        reason: Refusal,
        /// Why, in detail.
        #[source]
        source: Cause,
    },
}

/// Why an answer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It came after five minutes.
    #[error("the answer came too late")]
    Expired,
    /// It answers another challenge.
    #[error("it answers another challenge")]
    Challenge,
    /// It was made for another site.
    #[error("it was made for another site")]
    Site,
    /// The authenticator did not make sure who its user is.
    #[error("the authenticator did not verify its user")]
    NotVerified,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// Its counter went backwards, so a copy of it may be in use.
    #[error("its counter went backwards, a copy may be in use")]
    Cloned,
    /// It belongs to somebody else, or is another one than was looked up.
    #[error("it is not the passkey of this person")]
    NotTheirs,
    /// It breaks another rule of WebAuthn.
    #[error("it breaks a rule of WebAuthn")]
    Rule,
}

impl PasskeyError {
    /// Why an answer was refused, if it was.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

impl Kinded for PasskeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Host(_) | Self::Answer(_) => Kind::Invalid,
            Self::Start(_) | Self::Kept(..) => Kind::Internal,
            Self::Refused { .. } => Kind::Unauthenticated,
        }
    }
}

pub(super) fn start_error(error: impl Display) -> PasskeyError {
    PasskeyError::Start(error.to_string().into())
}

pub(super) fn unreadable(error: impl Display) -> PasskeyError {
    PasskeyError::Answer(error.to_string().into())
}

pub(super) fn kept_error(what: &'static str, error: impl Display) -> PasskeyError {
    PasskeyError::Kept(what, error.to_string().into())
}

pub(super) fn refused(reason: Refusal, error: impl Display) -> PasskeyError {
    PasskeyError::Refused { reason, source: error.to_string().into() }
}

pub(super) fn registration_refused(error: RegCeremonyErr) -> PasskeyError {
    let reason = match &error {
        RegCeremonyErr::Timeout => Refusal::Expired,
        RegCeremonyErr::ChallengeMismatch => Refusal::Challenge,
        RegCeremonyErr::OriginMismatch
        | RegCeremonyErr::CrossOrigin
        | RegCeremonyErr::TopOriginMismatch
        | RegCeremonyErr::RpIdHashMismatch => Refusal::Site,
        RegCeremonyErr::UserNotPresent | RegCeremonyErr::UserNotVerified => Refusal::NotVerified,
        RegCeremonyErr::AttestationSignature => Refusal::Signature,
        _ => Refusal::Rule,
    };
    refused(reason, error)
}

pub(super) fn authentication_refused(error: AuthCeremonyErr) -> PasskeyError {
    let reason = match &error {
        AuthCeremonyErr::Timeout => Refusal::Expired,
        AuthCeremonyErr::ChallengeMismatch => Refusal::Challenge,
        AuthCeremonyErr::OriginMismatch
        | AuthCeremonyErr::CrossOrigin
        | AuthCeremonyErr::TopOriginMismatch
        | AuthCeremonyErr::RpIdHashMismatch => Refusal::Site,
        AuthCeremonyErr::UserNotVerified => Refusal::NotVerified,
        AuthCeremonyErr::AssertionSignature => Refusal::Signature,
        AuthCeremonyErr::SignatureCounter => Refusal::Cloned,
        AuthCeremonyErr::UserHandleMismatch | AuthCeremonyErr::CredentialIdMismatch => Refusal::NotTheirs,
        _ => Refusal::Rule,
    };
    refused(reason, error)
}
