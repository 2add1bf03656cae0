//! The console: what owners, administrators and viewers do in a browser.
//!
//! Pages are rendered here and work without JavaScript; modules add comfort. Each handler says in its signature who may
//! call it (`visit`), reads forms only from pages of ours (`form`), and answers with a page of one frame (`page`).
//! [`ROUTES`] is every route with the least role that it takes, so that a test can walk all of them as everybody.
//!
//! ```text
//!  /sign-in  /setup  /join  /reset      anybody            /accounts/ID            viewers
//!  /accounts  /me  /sign-out            who is signed in   /accounts/ID/…          administrators, owners
//! ```

mod accounts;
mod assets;
mod audit;
mod connectors;
mod cookies;
mod credentials;
mod destinations;
mod directory;
mod doors;
mod error;
mod events;
mod flash;
mod form;
mod headers;
mod home;
mod integrations;
mod links;
mod me;
mod page;
mod people;
mod person;
mod query;
mod reading;
mod rename;
mod settings;
mod sign_in;
mod sources;
mod times;
mod tokens;
mod visit;
mod words;

use axum::{Router, middleware, routing};

pub(crate) use doors::Doors;
pub(crate) use error::missing_page;
pub(crate) use links::{LINK_LIFE, ensure_setup_link, fresh_link, make_setup_link};

use crate::{
    connectors::{Destinations, Sources},
    state::App,
};

/// A route of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `get` or `post`.
    pub method: &'static str,
    /// With `{account}` and the like for what varies.
    pub path: &'static str,
    /// Who may call it.
    pub least: Least,
}

/// The least that somebody must be to call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Least {
    /// Anybody.
    Anybody,
    /// Somebody who is signed in.
    SignedIn,
    /// A member of the account.
    Viewer,
    /// An administrator of the account.
    Administrator,
    /// An owner of the account.
    Owner,
}

macro_rules! routes {
    ($($least:ident { $($method:ident $path:literal $handler:path;)+ })+) => {
        /// Every route of the console.
        pub const ROUTES: &[Route] = &[
            $($(Route { method: stringify!($method), path: $path, least: Least::$least },)+)+
        ];

        /// The router of the console.
        pub(crate) fn routes() -> Router<App> {
            Router::new()
                $($(.route($path, routing::$method($handler)))+)+
                .layer(middleware::map_response(headers::add_headers))
        }
    };
}

routes! {
    Anybody {
        get "/assets/{name}" assets::show_asset;
        get "/ca.pem" assets::show_ca;
        get "/" sign_in::start;
        get "/sign-in" sign_in::show_sign_in;
        post "/sign-in" sign_in::sign_in;
        post "/sign-in/passkey/start" sign_in::start_passkey;
        post "/sign-in/passkey/finish" sign_in::finish_passkey;
        get "/setup" links::show_setup;
        post "/setup" links::create_owner;
        get "/join" links::show_join;
        post "/join" links::follow_invitation;
        post "/join/accept" links::accept_invitation;
        get "/reset" links::show_reset;
        post "/reset" links::reset_password;
    }
    SignedIn {
        get "/accounts" accounts::choose_account;
        get "/accounts/new" accounts::show_new_account;
        post "/accounts/new" accounts::add_account;
        get "/integrations/events_reporting/create" accounts::create_by_link;
        post "/sign-out" sign_in::sign_out;
        post "/sign-out/everywhere" sign_in::sign_out_everywhere;
        get "/me" me::show_me;
        post "/me/name" me::rename_me;
        post "/me/password" me::change_password;
        post "/me/password/remove" me::remove_password;
        post "/me/passkeys/start" me::start_passkey;
        post "/me/passkeys/finish" me::finish_passkey;
        post "/me/passkeys/rename" me::rename_passkey;
        post "/me/passkeys/remove" me::remove_passkey;
        post "/me/sessions/end" me::end_session;
    }
    Viewer {
        get "/accounts/{account}" home::show_home;
        get "/accounts/{account}/events" events::show_events;
        get "/accounts/{account}/sources" sources::list_sources;
        get "/accounts/{account}/sources/{source}" sources::show_source;
        get "/accounts/{account}/destinations" destinations::list_destinations;
        get "/accounts/{account}/destinations/{destination}" destinations::show_destination;
        get "/accounts/{account}/destinations/{destination}/dead-letters" destinations::show_dead_letters;
        get "/accounts/{account}/leave" person::confirm_leaving;
        post "/accounts/{account}/leave" person::leave_account;
    }
    Administrator {
        get "/accounts/{account}/integrations" integrations::list_integrations;
        get "/accounts/{account}/integrations/directory" integrations::show_directory;
        get "/accounts/{account}/integrations/new" integrations::new_integration;
        post "/accounts/{account}/integrations/new" integrations::add_integration;
        get "/accounts/{account}/integrations/{integration}" integrations::show_integration;
        get "/accounts/{account}/integrations/{integration}/check" integrations::show_live_check;
        get "/accounts/{account}/integrations/{integration}/rename" integrations::ask_to_rename;
        post "/accounts/{account}/integrations/{integration}/rename" integrations::rename_integration;
        post "/accounts/{account}/integrations/{integration}/pause" integrations::pause_integration;
        post "/accounts/{account}/integrations/{integration}/resume" integrations::resume_integration;
        get "/accounts/{account}/integrations/{integration}/remove" integrations::ask_to_remove;
        post "/accounts/{account}/integrations/{integration}/remove" integrations::remove_integration;
        post "/accounts/{account}/integrations/{integration}/restore" integrations::restore_integration;
        get "/accounts/{account}/integrations/{integration}/tokens/new" tokens::new_token;
        post "/accounts/{account}/integrations/{integration}/tokens/new" tokens::issue_token;
        post "/accounts/{account}/integrations/{integration}/tokens/{token}/environment" tokens::download_environment;
        get "/accounts/{account}/integrations/{integration}/tokens/{token}/rename" tokens::ask_to_rename_token;
        post "/accounts/{account}/integrations/{integration}/tokens/{token}/rename" tokens::rename_token;
        get "/accounts/{account}/integrations/{integration}/tokens/{token}/rights" tokens::show_rights;
        post "/accounts/{account}/integrations/{integration}/tokens/{token}/rights" tokens::change_rights;
        get "/accounts/{account}/integrations/{integration}/tokens/{token}/replace" tokens::ask_to_replace;
        post "/accounts/{account}/integrations/{integration}/tokens/{token}/replace" tokens::replace_token;
        get "/accounts/{account}/integrations/{integration}/tokens/{token}/revoke" tokens::ask_to_revoke;
        post "/accounts/{account}/integrations/{integration}/tokens/{token}/revoke" tokens::revoke_token;
    }
    Administrator {
        get "/accounts/{account}/sources/new" connectors::new_connector::<Sources>;
        post "/accounts/{account}/sources/new" connectors::add_connector::<Sources>;
        post "/accounts/{account}/sources/new/test" connectors::test_new_connector::<Sources>;
        post "/accounts/{account}/sources/{source}/test" connectors::test_connector::<Sources>;
        get "/accounts/{account}/sources/{source}/settings" connectors::show_settings::<Sources>;
        post "/accounts/{account}/sources/{source}/settings" connectors::change_connector::<Sources>;
        post "/accounts/{account}/sources/{source}/pause" connectors::pause_connector::<Sources>;
        post "/accounts/{account}/sources/{source}/resume" connectors::resume_connector::<Sources>;
        post "/accounts/{account}/sources/{source}/retry" connectors::retry_connector::<Sources>;
        get "/accounts/{account}/sources/{source}/remove" sources::ask_to_remove_source;
        post "/accounts/{account}/sources/{source}/remove" connectors::remove_connector::<Sources>;
    }
    Administrator {
        get "/accounts/{account}/destinations/new" connectors::new_connector::<Destinations>;
        post "/accounts/{account}/destinations/new" connectors::add_connector::<Destinations>;
        post "/accounts/{account}/destinations/new/test" connectors::test_new_connector::<Destinations>;
        post "/accounts/{account}/destinations/{destination}/test" connectors::test_connector::<Destinations>;
        get "/accounts/{account}/destinations/{destination}/settings" connectors::show_settings::<Destinations>;
        post "/accounts/{account}/destinations/{destination}/settings" connectors::change_connector::<Destinations>;
        post "/accounts/{account}/destinations/{destination}/pause" connectors::pause_connector::<Destinations>;
        post "/accounts/{account}/destinations/{destination}/resume" connectors::resume_connector::<Destinations>;
        post "/accounts/{account}/destinations/{destination}/retry" connectors::retry_connector::<Destinations>;
        get "/accounts/{account}/destinations/{destination}/replay" destinations::ask_to_replay;
        post "/accounts/{account}/destinations/{destination}/replay" destinations::replay_events;
        post "/accounts/{account}/destinations/{destination}/replays/{replay}/cancel" destinations::cancel_replay;
        post "/accounts/{account}/destinations/{destination}/dead-letters/redrive" destinations::redrive_dead_letters;
        get "/accounts/{account}/destinations/{destination}/dead-letters/discard" destinations::ask_to_discard;
        post "/accounts/{account}/destinations/{destination}/dead-letters/discard" destinations::discard_dead_letters;
        get "/accounts/{account}/destinations/{destination}/remove" destinations::ask_to_remove_destination;
        post "/accounts/{account}/destinations/{destination}/remove" connectors::remove_connector::<Destinations>;
    }
    Administrator {
        get "/accounts/{account}/people" people::list_people;
        post "/accounts/{account}/people/invite" people::invite_person;
        post "/accounts/{account}/invitations/{invitation}/withdraw" people::withdraw_invitation;
        get "/accounts/{account}/people/{person}" person::show_person;
        post "/accounts/{account}/people/{person}/role" person::change_role;
        post "/accounts/{account}/people/{person}/suspend" person::suspend_person;
        post "/accounts/{account}/people/{person}/reinstate" person::reinstate_person;
        get "/accounts/{account}/people/{person}/remove" person::confirm_removal;
        post "/accounts/{account}/people/{person}/remove" person::remove_person;
        get "/accounts/{account}/audit" audit::show_audit;
        get "/accounts/{account}/audit/export" audit::export_audit;
    }
    Owner {
        get "/accounts/{account}/settings" settings::show_settings;
        post "/accounts/{account}/settings/name" settings::rename_account;
        post "/accounts/{account}/settings/retention" settings::change_retention;
    }
}
