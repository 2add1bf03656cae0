//! Tokens that the command line issues itself on a hub of this machine, and keeps beside the hub's own secrets.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result};
use daybook_client::{Client, decode_unverified};
use daybook_events::{Clock, Feature, SystemClock};

use super::{hub::Hub, tokens::issue};
use crate::{
    data_dir::write_private,
    manage::types::{AccountView, IntegrationView, NewIntegration, NewTokenRequest, TokenView},
};

const DAYS: u64 = 30;
/// A token that expires sooner is replaced.
const LEFT_MIN: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// What the token is for: the integration it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose {
    /// The integration's name.
    pub(super) integration: &'static str,
    /// Its kind.
    pub(super) kind: &'static str,
}

/// Reads with `daybook events`.
pub(super) const READING: Purpose = Purpose { integration: "Daybook command line", kind: "other" };
/// Sends with `daybook ingest`.
pub(super) const SENDING: Purpose = Purpose { integration: "Daybook command line source", kind: "source" };
/// Sends with `daybook simulate`.
pub(super) const SIMULATION: Purpose = Purpose { integration: "Simulation", kind: "source" };

/// A token for a purpose and features: the one kept from an earlier call if it is still good, else a new one.
pub(super) async fn local_token(
    hub: &Hub,
    account: &AccountView,
    purpose: Purpose,
    features: &BTreeSet<Feature>,
) -> Result<String> {
    let file = file(hub, account, purpose, features);
    if let Some(file) = &file
        && let Ok(kept) = fs::read_to_string(file)
        && is_good(hub, account, kept.trim()).await?
    {
        return Ok(kept.trim().to_owned());
    }
    let integration = find_or_add(hub, account, purpose).await?;
    let name = token_name(features);
    for old in hub.tokens(account).await? {
        if old.integration_uuid == integration.uuid && old.name == name && old.state != "revoked" {
            let path = format!("accounts/{}/tokens/{}/revoke", account.uuid, old.uuid);
            hub.post::<TokenView>(&path, &()).await?;
        }
    }
    let features = features.iter().map(ToString::to_string).collect();
    let request = NewTokenRequest { name, features, expires_in_secs: Some(DAYS * 24 * 3600) };
    let issued = issue(hub, account, &integration, &request).await?;
    if let Some(file) = &file {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        write_private(file, issued.token.as_bytes())?;
    }
    Ok(issued.token)
}

/// Where it is kept; nowhere for a hub on another machine.
fn file(hub: &Hub, account: &AccountView, purpose: Purpose, features: &BTreeSet<Feature>) -> Option<PathBuf> {
    let name = format!(
        "{}-{}-{}.token",
        account.uuid,
        purpose.integration.replace(' ', "-").to_lowercase(),
        token_name(features)
    );
    hub.data_dir.as_ref().map(|data_dir| data_dir.join("cli").join(name))
}

fn token_name(features: &BTreeSet<Feature>) -> String {
    features.iter().map(Feature::as_str).collect::<Vec<_>>().join("+")
}

/// Whether the hub still knows it as active, with time left.
async fn is_good(hub: &Hub, account: &AccountView, token: &str) -> Result<bool> {
    let Ok(claims) = decode_unverified(token) else { return Ok(false) };
    let lasts = claims.expires_at().is_none_or(|expires_at| expires_at.since(SystemClock.now()) > LEFT_MIN);
    let active = hub
        .tokens(account)
        .await?
        .into_iter()
        .any(|known| Some(&known.uuid) == claims.jti.as_ref() && known.state == "active");
    Ok(lasts && active)
}

async fn find_or_add(hub: &Hub, account: &AccountView, purpose: Purpose) -> Result<IntegrationView> {
    let found =
        hub.integrations(account).await?.into_iter().find(|integration| integration.name == purpose.integration);
    match found {
        Some(integration) => Ok(integration),
        None => {
            let new = NewIntegration { name: purpose.integration.to_owned(), kind: purpose.kind.to_owned() };
            hub.post(&format!("accounts/{}/integrations", account.uuid), &new).await
        }
    }
}

/// A client of the Events API for a token, at the hub's own address.
pub(super) fn client_for(hub: &Hub, token: &str) -> Result<Client> {
    let builder = Client::builder(token).base_url(hub.url.clone());
    let builder = hub.roots.iter().fold(builder, |builder, pem| builder.add_root_certificate_pem(pem.clone()));
    Ok(builder.build()?)
}
