//! The secrets of a connector: parted from its other settings, and sealed under its id, so that they open nowhere else.

use std::collections::BTreeMap;

use daybook_connectors::Description;
use daybook_events::ConnectorId;

use crate::tokens::{SealError, SecretSealer};

/// Settings as they were given, in two parts.
#[derive(Default)]
pub(crate) struct Parted {
    /// What may be shown.
    pub(crate) plain: BTreeMap<String, String>,
    /// What is sealed.
    pub(crate) secret: BTreeMap<String, String>,
}

/// Parts settings by their description. What it does not know is plain: it will be refused by name.
pub(crate) fn part(description: &Description, given: BTreeMap<String, String>) -> Parted {
    let is_secret = |name: &str| description.setting(name).is_some_and(|setting| setting.is_secret());
    let (secret, plain) = given.into_iter().partition(|(name, _)| is_secret(name));
    Parted { plain, secret }
}

impl Parted {
    /// The secrets as they are kept.
    pub(crate) fn seal(&self, sealer: &SecretSealer, id: &ConnectorId) -> Vec<u8> {
        let text = serde_json::to_vec(&self.secret).expect("a map of texts is plain data");
        sealer.seal(&place_of_secrets(id.as_str()), &text)
    }

    /// Both parts again.
    pub(crate) fn whole(&self) -> BTreeMap<String, String> {
        let parts = self.plain.iter().chain(&self.secret);
        parts.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The secrets that were sealed for a connector.
///
/// # Errors
///
/// They were sealed with another key, or for another connector.
pub(crate) fn unseal(
    sealer: &SecretSealer,
    id: &ConnectorId,
    sealed: &[u8],
) -> Result<BTreeMap<String, String>, SealError> {
    if sealed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let text = sealer.open(&place_of_secrets(id.as_str()), sealed)?;
    serde_json::from_slice(&text).map_err(|_| SealError)
}

/// The name that the secrets of a connector are sealed under, by its id.
pub(crate) fn place_of_secrets(id: &str) -> String {
    format!("connector {id}")
}

#[cfg(test)]
mod tests {
    use daybook_connectors::DestinationKind;

    use super::*;

    #[test]
    fn secrets_open_for_their_own_connector_only() {
        let given = [("url", "https://a.example"), ("secret", "whsec_x")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let parted = part(DestinationKind::Webhook.description(), given);
        assert_eq!((parted.plain.len(), parted.secret.len(), parted.whole().len()), (1, 1, 2));
        let (sealer, id) = (SecretSealer::new(&[1; 32]), ConnectorId::random());
        let sealed = parted.seal(&sealer, &id);
        assert!(!String::from_utf8_lossy(&sealed).contains("whsec_x"));
        assert_eq!(unseal(&sealer, &id, &sealed).unwrap(), parted.secret);
        assert!(unseal(&sealer, &ConnectorId::random(), &sealed).is_err());
        assert!(unseal(&sealer, &id, &[]).unwrap().is_empty());
    }
}
