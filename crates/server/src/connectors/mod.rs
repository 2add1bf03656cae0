//! Connectors as the hub keeps them: settings in the catalog, secrets sealed beside them, opened when they are at work.
//!
//! The management API, the console, the configuration file and the workers all come through here, so that what one of them
//! accepts, the others can open.

mod configured;
mod destinations;
mod opening;
mod redaction_keys;
mod sealing;
mod standing;

pub(crate) use configured::{ConfiguredDestination, take_configured};
pub(crate) use destinations::{
    Draft, Locality, add_destination, change_destination, find_destination, set_destination_state, test_destination,
    test_draft,
};
pub(crate) use opening::{Opened, context, open};
pub(crate) use redaction_keys::RedactionKeys;
pub(crate) use sealing::{part, place_of_secrets, unseal};
pub(crate) use standing::{StreamStanding, standing_of, status_in_words};
