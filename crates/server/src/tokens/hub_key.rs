//! Random keys of the hub, each drawn once for the life of the store and sealed in it.

use anyhow::{Context, Result};
use daybook_events::HubGrant;
use daybook_store::Catalog;

use super::SecretSealer;

/// The key under a name: the one in the store, or a new one from now on. It outlives every master key.
///
/// # Errors
///
/// The store cannot be read or written, or the key was sealed with another master key.
pub(crate) async fn hub_key(catalog: &Catalog, sealer: &SecretSealer, name: &str) -> Result<[u8; 32]> {
    let mut fresh = [0_u8; 32];
    getrandom::fill(&mut fresh).context("draw a random key")?;
    let hub = HubGrant::of_the_hub_itself();
    let sealed = catalog.find_or_keep_secret(hub, name, &sealer.seal(name, &fresh)).await?;
    let key = sealer.open(name, &sealed)?;
    key.try_into().ok().with_context(|| format!("the {name} in the store is not 32 bytes"))
}
