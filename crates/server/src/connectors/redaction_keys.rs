//! The keys of hashed fields, for destinations that have none of their own.

use daybook_events::ConnectorId;

/// Derives a key for each destination from one of the hub's, which is drawn once for the life of the store: hashes stay the
/// same, and can be joined, whatever becomes of the master key.
#[derive(Clone)]
pub(crate) struct RedactionKeys(ring::hmac::Key);

impl std::fmt::Debug for RedactionKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RedactionKeys([secret])")
    }
}

impl RedactionKeys {
    /// With the hub's key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key))
    }

    /// The key of one destination, which tells nothing of those of others.
    pub(super) fn of(&self, id: &ConnectorId) -> [u8; 32] {
        let key = ring::hmac::sign(&self.0, format!("redaction {id}").as_bytes());
        key.as_ref().try_into().expect("an HMAC-SHA256 has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_destination_has_its_own_key_and_keeps_it() {
        let (first, second) = (ConnectorId::random(), ConnectorId::random());
        let keys = RedactionKeys::new(&[1; 32]);
        assert_eq!(keys.of(&first), RedactionKeys::new(&[1; 32]).of(&first));
        assert_ne!(keys.of(&first), keys.of(&second));
        assert_ne!(keys.of(&first), RedactionKeys::new(&[2; 32]).of(&first));
        assert_eq!(format!("{keys:?}"), "RedactionKeys([secret])");
    }
}
