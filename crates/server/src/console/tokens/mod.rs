//! Bearer tokens of an integration: issue and save, change rights, rename, replace, revoke.

mod fields;
mod issuing;
mod replacing;
mod revoking;
mod rights;
mod saving;

use daybook_store::{Integration, TokenRow};

use super::{
    error::PageError,
    integrations,
    reading::is_live,
    visit::{Administrator, Member},
};
use crate::{state::App, tokens::find_token};

pub(super) use issuing::{issue_token, new_token};
pub(super) use replacing::{ask_to_replace, replace_token};
pub(super) use revoking::{ask_to_rename_token, ask_to_revoke, rename_token, revoke_token};
pub(super) use rights::{change_rights, show_rights};
pub(super) use saving::download_environment;

/// A token of an integration of the member's account.
async fn find(
    app: &App,
    member: &Member<Administrator>,
    integration: &str,
    token: &str,
) -> Result<(Integration, TokenRow), PageError> {
    let integration = integrations::find(app, &member.grant, integration).await?;
    let token = find_token(app, &member.grant, token).await.map_err(|_| PageError::not_found())?;
    if token.integration_id != integration.integration_id {
        return Err(PageError::not_found());
    }
    Ok((integration, token))
}

/// The same, of a token that is still good.
async fn find_live(
    app: &App,
    member: &Member<Administrator>,
    integration: &str,
    token: &str,
) -> Result<(Integration, TokenRow), PageError> {
    let found = find(app, member, integration, token).await?;
    if !is_live(&found.1, app.clock.now()) && found.1.revoked_at.is_some() {
        return Err(PageError::not_found());
    }
    Ok(found)
}

/// `/accounts/ID/integrations/ID`
fn integration_path(member: &Member<Administrator>, integration: &Integration) -> String {
    member.path(&format!("integrations/{}", integration.integration_id))
}
