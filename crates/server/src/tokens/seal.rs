//! Secrets at rest: XChaCha20-Poly1305 under the master key, bound to their name.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};

const NONCE_LENGTH: usize = 24;

/// Seals and opens secrets that the store keeps.
#[derive(Clone)]
pub(crate) struct SecretSealer {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for SecretSealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretSealer([secret])")
    }
}

/// A secret that this master key does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store's secrets were sealed with another master key; give this node the master.key of the node that made the \
     store, or that rotated its key last ([security] master_key_file or master_key)"
)]
pub(crate) struct SealError;

impl SecretSealer {
    /// A sealer with the master key.
    #[must_use]
    pub(crate) fn new(master_key: &[u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&(*master_key).into()) }
    }

    /// Seals a secret under a name.
    #[must_use]
    pub(crate) fn seal(&self, name: &str, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_LENGTH];
        getrandom::fill(&mut nonce).expect("the operating system provides random bytes");
        let payload = Payload { msg: secret, aad: name.as_bytes() };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).expect("a secret is far below the cipher's limit");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed under the same name.
    ///
    /// # Errors
    ///
    /// It was sealed with another key or under another name, or is damaged.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>().ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_key_and_name_only() {
        let sealer = SecretSealer::new(&[1; 32]);
        let sealed = sealer.seal("cursor key", b"secret");
        assert_eq!(sealer.open("cursor key", &sealed).unwrap(), b"secret");
        assert_eq!(sealer.open("other", &sealed), Err(SealError));
        assert_eq!(SecretSealer::new(&[2; 32]).open("cursor key", &sealed), Err(SealError));
        assert_eq!(sealer.open("cursor key", &sealed[..10]), Err(SealError));
        assert_ne!(sealer.seal("cursor key", b"secret"), sealed);
    }
}
