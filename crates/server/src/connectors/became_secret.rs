//! Settings that a later version of the hub keeps secret and an earlier one kept plain: they are sealed at the next start, or
//! before the next change, and are not shown until then.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use daybook_store::Connector;

use super::{
    Locality,
    kinds::AnyKind,
    opening::HUB,
    sealing::{Parted, part, unseal},
};
use crate::state::App;

/// Seals them, of every connector. What cannot be sealed is told in the log, and keeps nothing else from it.
pub(crate) async fn seal_what_became_secret(app: &App) -> Result<()> {
    for connector in app.catalog.list_all_connectors(HUB).await? {
        if let Err(error) = sealed_by_now(app, &connector).await {
            tracing::error!(
                destination.id = %connector.connector_id,
                error = format!("{error:#}"),
                "settings of a connector that are secret by now were not sealed; it is tried again at the next start"
            );
        }
    }
    Ok(())
}

/// The connector without any of them among its plain settings.
pub(super) async fn sealed_by_now(app: &App, connector: &Connector) -> Result<Connector> {
    let parted = parted(connector);
    if parted.secret.is_empty() {
        return Ok(connector.clone());
    }
    let Parted { plain, mut secret } = parted;
    let id = &connector.connector_id;
    secret.extend(unseal(&app.secret_sealer, id, &connector.sealed_secrets)?);
    let sealed = Parted { plain: BTreeMap::new(), secret }.seal(&app.secret_sealer, id);
    Ok(app.catalog.seal_connector_settings(HUB, connector, plain, sealed).await?)
}

/// What may be told of a connector's settings: the plain ones, and the names of the secret ones.
pub(crate) fn told_of(app: &App, connector: &Connector) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let Parted { plain, secret } = parted(connector);
    // Of secrets that another key sealed, not even the names are known.
    let sealed = unseal(&app.secret_sealer, &connector.connector_id, &connector.sealed_secrets).unwrap_or_default();
    (plain, secret.into_keys().chain(sealed.into_keys()).collect())
}

/// The settings that are kept plain, in what is plain and what is secret by now; of a kind that this version does not know,
/// what was plain is.
fn parted(connector: &Connector) -> Parted {
    let given = connector.settings.clone();
    match AnyKind::parse(connector.direction, &connector.kind, Locality::AnyKind) {
        Ok(kind) => part(kind.description(), given),
        Err(_) => Parted { plain: given, secret: BTreeMap::new() },
    }
}
