//! Links that are good once: the set-up of a new hub, invitations, new passwords.
//!
//! The code stands behind the `#` of a link, which browsers keep to themselves, and reaches the hub in the body of a form: it
//! is in no log and no history of a proxy.

mod join;
mod reset;
mod setup;

use std::time::Duration;

use daybook_events::Timestamp;
use daybook_store::{Link, LinkPurpose, NewLink};

use super::{error::PageError, visit::random_secret};
use crate::{state::App, tokens::digest_of};

pub(super) use join::{accept_invitation, follow_invitation, show_join};
pub(super) use reset::{reset_password, show_reset};
pub(super) use setup::{create_owner, show_setup};
pub(crate) use setup::{ensure_setup_link, make_setup_link};

/// For how long a set-up or reset link is good.
pub(crate) const LINK_LIFE: Duration = Duration::from_secs(15 * 60);

/// A link with a fresh code: what the store knows of it, and its URL.
pub(crate) fn fresh_link(app: &App, purpose: LinkPurpose, life: Duration) -> (NewLink, String) {
    let code = random_secret();
    let page = match purpose {
        LinkPurpose::Setup => "setup",
        LinkPurpose::Invitation => "join",
        LinkPurpose::Reset => "reset",
    };
    let url = format!("{}/{page}#{code}", app.public_url());
    (NewLink { code_digest: digest_of(&code), expires_at: expires_at(app, life) }, url)
}

fn expires_at(app: &App, life: Duration) -> Timestamp {
    app.clock.now().plus(life)
}

/// The link with a code that somebody has, if it is for this and still good.
async fn find_link(app: &App, code: &str, purpose: LinkPurpose) -> Result<Option<(Link, String)>, PageError> {
    // People copy the whole link.
    let code = code.trim().rsplit('#').next().unwrap_or_default();
    let digest = digest_of(code);
    let link = app.catalog.find_link(&digest).await?;
    let link = link.filter(|link| link.purpose == purpose);
    if link.is_none() {
        tracing::warn!(purpose = %purpose, "a code that is not good was refused");
    }
    Ok(link.map(|link| (link, digest)))
}
