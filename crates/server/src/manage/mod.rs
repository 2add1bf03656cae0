//! The management API: what the command line and automation do to a hub, `/manage/v1`.
//!
//! Its bearer holds the administration token of the hub. Every change is an audit event of the account it touches.

mod accounts;
mod administrator;
pub mod connector_types;
mod connectors;
mod deliveries;
mod destinations;
mod integrations;
mod keys;
mod people;
pub mod source_types;
mod sources;
mod status;
mod tokens;
pub mod types;

pub(crate) use accounts::check_retention;
pub(crate) use administrator::{BEARER, check_email, check_name};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::App;

/// The routes under `/manage/v1`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status::show_status))
        .routes(routes!(accounts::list_accounts, accounts::add_account))
        .routes(routes!(accounts::change_account))
        .routes(routes!(accounts::show_storage))
        .routes(routes!(integrations::list_integrations, integrations::add_integration))
        .routes(routes!(integrations::change_integration, integrations::remove_integration))
        .routes(routes!(tokens::issue_token))
        .routes(routes!(tokens::list_tokens))
        .routes(routes!(tokens::rename_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(destinations::list_destination_kinds))
        .routes(routes!(destinations::list_destinations, destinations::add_destination))
        .routes(routes!(destinations::test_new_destination))
        .routes(routes!(
            destinations::show_destination,
            destinations::change_destination,
            destinations::remove_destination
        ))
        .routes(routes!(destinations::test_destination))
        .routes(routes!(deliveries::list_hours))
        .routes(routes!(deliveries::list_attempts))
        .routes(routes!(deliveries::list_dead_letters))
        .routes(routes!(deliveries::redrive_dead_letters))
        .routes(routes!(deliveries::discard_dead_letters))
        .routes(routes!(deliveries::list_replays, deliveries::add_replay))
        .routes(routes!(deliveries::cancel_replay))
        .routes(routes!(sources::list_source_kinds))
        .routes(routes!(sources::list_sources, sources::add_source))
        .routes(routes!(sources::test_new_source))
        .routes(routes!(sources::show_source, sources::change_source, sources::remove_source))
        .routes(routes!(sources::test_source))
        .routes(routes!(sources::list_source_hours))
        .routes(routes!(sources::list_source_attempts))
        .routes(routes!(keys::list_signing_keys, keys::rotate_signing_key))
        .routes(routes!(keys::revoke_signing_key))
        .routes(routes!(people::create_setup_link))
        .routes(routes!(people::list_people))
        .routes(routes!(people::create_reset_link))
        .routes(routes!(people::invite_person))
        .routes(routes!(people::list_administration_tokens))
        .routes(routes!(people::revoke_administration_token))
}

/// The routes anybody may read: public keys.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(keys::show_public_keys))
}
