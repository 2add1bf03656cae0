//! TLS of connectors: the system's roots and the settings' own, and a client certificate where one is asked for. There is
//! no way to switch the checks off.

use std::sync::Arc;

use daybook_client::tls_trusting;
use rustls::{
    ClientConfig,
    client::ResolvesClientCert,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{Settings, SettingsError};

/// TLS as the settings `ca_pem`, `client_certificate_pem` and `client_key_pem` want it; it offers no protocol by ALPN.
///
/// # Errors
///
/// One of them is not PEM, or certificate and key do not go together.
pub(crate) fn tls_of(settings: &Settings) -> Result<ClientConfig, SettingsError> {
    let extra: Vec<Vec<u8>> = settings.optional("ca_pem").map(|pem| pem.as_bytes().to_vec()).into_iter().collect();
    let mut config = tls_trusting(&extra).map_err(|error| SettingsError::of("ca_pem", error.to_string()))?;
    config.alpn_protocols.clear();
    match (settings.optional("client_certificate_pem"), settings.optional("client_key_pem")) {
        (None, None) => {}
        (Some(_), None) => {
            return Err(SettingsError::of("client_key_pem", "is missing: the certificate needs its key"));
        }
        (None, Some(_)) => {
            return Err(SettingsError::of("client_certificate_pem", "is missing: the key needs its certificate"));
        }
        (Some(certificate), Some(key)) => config.client_auth_cert_resolver = client_identity(certificate, key)?,
    }
    Ok(config)
}

fn client_identity(certificate: &str, key: &str) -> Result<Arc<dyn ResolvesClientCert>, SettingsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| SettingsError::of("client_certificate_pem", "holds no certificate in PEM"))?;
    // What exactly is wrong with a private key is not told: the text might quote it.
    let refused = || SettingsError::of("client_key_pem", "is no private key in PEM that TLS can use");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| refused())?;
    let key = any_supported_type(&key).map_err(|_| refused())?;
    let identity = CertifiedKey::new(chain, key);
    identity.keys_match().map_err(|_| SettingsError::of("client_key_pem", "is the key of another certificate"))?;
    Ok(Arc::new(SingleCertAndKey::from(identity)))
}
