//! `daybook signing-key`: the keys that sign bearer tokens.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    GlobalOptions,
    hub::Hub,
    output::{say, show, table},
    resolve::find_named,
};
use crate::manage::types::SigningKeyView;

/// Signing keys: what makes bearer tokens this hub's own
#[derive(Debug, Subcommand)]
pub(super) enum SigningKeyCommand {
    List(List),
    Rotate(Rotate),
    Revoke(Revoke),
}

/// List the signing keys, newest first
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook signing-key list")]
pub(super) struct List {}

/// Sign with a new key from now on; tokens signed before stay good
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook signing-key rotate")]
pub(super) struct Rotate {}

/// Revoke a key that is no longer active: every token that it signed is refused for good
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook signing-key rotate; daybook signing-key list
  daybook signing-key revoke QK4M7TSEVZ2N5XBD3RHJWPC6LA")]
pub(super) struct Revoke {
    /// The key, by id
    key: String,
}

pub(super) async fn run(global: &GlobalOptions, command: SigningKeyCommand) -> Result<()> {
    let hub = Hub::connect(global)?;
    match command {
        SigningKeyCommand::List(List {}) => {
            let keys: Vec<SigningKeyView> = hub.get("/signing-keys").await?;
            show(global.json, &keys, |keys| list(keys))
        }
        SigningKeyCommand::Rotate(Rotate {}) => {
            let key: SigningKeyView = hub.post("/signing-keys").await?;
            show(global.json, &key, |key| format!("Tokens are signed with key {} from now on", key.uuid))?;
            say("Tokens signed before stay good; after a leak, revoke the key before: daybook signing-key list");
            Ok(())
        }
        SigningKeyCommand::Revoke(Revoke { key }) => {
            let key = find_named(hub.get::<Vec<SigningKeyView>>("/signing-keys").await?, &key, "start the hub once")?;
            let key: SigningKeyView = hub.post(&format!("/signing-keys/{}/revoke", key.uuid)).await?;
            show(global.json, &key, |key| format!("Revoked key {}; every token that it signed is refused", key.uuid))
        }
    }
}

fn list(keys: &[SigningKeyView]) -> String {
    let rows = keys.iter().map(|key| [key.uuid.clone(), key.status.clone(), key.created_at.clone()]).collect();
    table(["ID", "STATUS", "MADE"], rows, "There is no signing key.")
}
