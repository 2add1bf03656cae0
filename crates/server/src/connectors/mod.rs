//! Connectors as the hub keeps them: settings in the catalog, secrets sealed beside them, opened when they are at work.
//!
//! The management API, the console, the configuration file and the workers all come through here, so that what one of them
//! accepts, the others can open.

mod became_secret;
mod changes;
mod configured;
mod directed;
mod kinds;
mod opening;
mod redaction_keys;
mod sealing;
mod source_standing;
mod standing;

pub(crate) use became_secret::{seal_what_became_secret, told_of};
pub(crate) use changes::{
    Draft, Locality, Refused, add_connector, change_connector, check_settings, find_connector, set_connector_state,
    test_connector, test_draft,
};
pub(crate) use configured::{ConfiguredConnector, take_configured};
pub(crate) use directed::{Destinations, Directed, Sources};
pub(crate) use kinds::AnyKind;
pub(crate) use opening::{Opened, context, open, open_source};
pub(crate) use redaction_keys::RedactionKeys;
pub(crate) use sealing::{part, place_of_secrets, unseal};
pub(crate) use source_standing::{
    FeatureStanding, SourceStanding, Warning, days_until_loss, source_standing_of, withheld,
};
pub(crate) use standing::{Standing, StreamStanding, standing_of, status_in_words};
