//! Tokens that the command line issues to itself, so that `events`, `ingest` and `simulate` work without ceremony.
//!
//! Each is kept in `cli/` of the data directory with mode 0600, and used for as long as the hub honours it. Then it is
//! replaced: the old one is revoked first.

use std::{collections::BTreeSet, fs, os::unix::fs::DirBuilderExt, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use daybook_events::{Clock, SystemClock, decode_unverified};

use super::hub::Hub;
use crate::{
    data_dir::write_private,
    manage::types::{AccountView, IntegrationView, NewTokenRequest, TokenView},
};

/// A token with less than this left is replaced.
const LEFT_MIN: Duration = Duration::from_secs(24 * 3600);

/// What a token of our own is for.
#[derive(Debug, Clone)]
pub(super) struct Purpose {
    /// The integration it belongs to, made where it is not there.
    pub(super) integration: &'static str,
    /// The kind of that: `source` for a token that ingests.
    pub(super) kind: &'static str,
    /// Its own name.
    pub(super) name: String,
    /// The file in `cli/` that keeps it.
    pub(super) file_name: String,
    pub(super) features: Vec<String>,
    pub(super) lifetime: Duration,
}

/// A token of our own for the purpose: the one kept, or a new one.
///
/// # Errors
///
/// The integration is disabled or of another kind, the hub refuses, or the file cannot be written.
pub(super) async fn own_token(hub: &Hub, account: &AccountView, purpose: &Purpose) -> Result<String> {
    let file = hub.cli_dir().join(&purpose.file_name);
    let kept = fs::read_to_string(&file).ok().map(|token| token.trim().to_owned());
    if let Some(token) = kept
        && is_honoured(hub, account, purpose, &token).await?
    {
        return Ok(token);
    }
    let integration = find_or_add_integration(hub, account, purpose).await?;
    let token = replace_token(hub, account, &integration, purpose).await?;
    keep(&file, &token)?;
    Ok(token)
}

/// Whether the hub still honours a token that we kept, for a while at least.
async fn is_honoured(hub: &Hub, account: &AccountView, purpose: &Purpose, token: &str) -> Result<bool> {
    let Ok(claims) = decode_unverified(token) else { return Ok(false) };
    let (has, wants): (BTreeSet<_>, BTreeSet<_>) =
        (claims.features.iter().collect(), purpose.features.iter().collect());
    let is_for_this = claims.account.as_deref() == Some(&account.uuid) && has == wants;
    let lasts = claims.expires_at().is_none_or(|expires_at| expires_at.since(SystemClock.now()) > LEFT_MIN);
    if !is_for_this || !lasts {
        return Ok(false);
    }
    if purpose.kind == "source" {
        // Tokens of a source cannot introspect themselves; the list of tokens knows.
        let listed = hub.tokens(account).await?.into_iter().find(|listed| Some(&listed.uuid) == claims.jti.as_ref());
        let Some(listed) = listed.filter(|listed| listed.state == "active") else { return Ok(false) };
        let integrations = hub.integrations(account).await?;
        return Ok(integrations.iter().any(|it| it.uuid == listed.integration_uuid && it.state == "active"));
    }
    let mut client = daybook_client::Client::builder(token).base_url(hub.url());
    for pem in hub.roots_pem() {
        client = client.add_root_certificate_pem(pem.clone());
    }
    Ok(client.build()?.introspect().await.is_ok())
}

async fn find_or_add_integration(hub: &Hub, account: &AccountView, purpose: &Purpose) -> Result<IntegrationView> {
    let Purpose { integration: name, kind, .. } = purpose;
    let found = hub.integrations(account).await?.into_iter().find(|integration| integration.name == *name);
    let Some(found) = found else { return hub.add_integration(account, name, kind).await };
    ensure!(
        found.kind == *kind,
        "the integration {name:?} is of kind {}, and this command needs one of kind {kind} with that name; remove it with \
         `daybook integration remove {name:?}`, or give a token of your own with --token",
        found.kind
    );
    ensure!(
        found.state == "active",
        "the integration {name:?} is disabled; enable it with `daybook integration enable {name:?}`, or give a token of \
         your own with --token"
    );
    Ok(found)
}

async fn replace_token(
    hub: &Hub,
    account: &AccountView,
    integration: &IntegrationView,
    purpose: &Purpose,
) -> Result<String> {
    let tokens = hub.tokens(account).await?.into_iter();
    let is_old = |token: &TokenView| {
        token.integration_uuid == integration.uuid && token.name == purpose.name && token.state != "revoked"
    };
    for token in tokens.filter(is_old) {
        hub.revoke_token(account, &token).await?;
    }
    let request = NewTokenRequest {
        name: purpose.name.clone(),
        features: purpose.features.clone(),
        expires_in_secs: Some(purpose.lifetime.as_secs()),
    };
    Ok(hub.issue_token(integration, &request).await?.token)
}

fn keep(file: &Path, token: &str) -> Result<()> {
    let folder = file.parent().expect("the file is in a folder");
    make_private_folder(folder)?;
    write_private(file, format!("{token}\n").as_bytes())
}

/// Makes a folder that only its owner may look into.
pub(super) fn make_private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make the folder {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_kept_token_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cli/ACCOUNT.token");
        keep(&file, "first").unwrap();
        keep(&file, "second").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "second\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
