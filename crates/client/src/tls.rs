//! TLS with a provider of our own, so that neither side of a program has to install a global one.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::ClientError;

/// TLS that trusts the system's root certificates and those in PEM texts, for other clients of the same servers.
///
/// # Errors
///
/// `Invalid`: a text is not PEM or holds no certificate. `Internal`: there are no roots at all.
pub fn tls_trusting(extra_roots_pem: &[Vec<u8>]) -> Result<ClientConfig, ClientError> {
    let mut roots = Vec::new();
    for pem in extra_roots_pem {
        roots.extend(parse_certificates(pem)?);
    }
    trust_system_and(roots)
}

/// The certificates in PEM text.
///
/// # Errors
///
/// `Invalid`: not PEM, or PEM without a certificate.
pub(crate) fn parse_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(ClientError::CertificatePem)?;
    if certificates.is_empty() { Err(ClientError::CertificateMissing) } else { Ok(certificates) }
}

/// TLS that trusts the system's root certificates and `extra_roots`.
///
/// # Errors
///
/// `Internal`: the system has no root certificates and there are no extra ones, or one of these is not a root.
pub(crate) fn trust_system_and(extra_roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra_roots, Arc::clone(&provider)).map_err(ClientError::Tls)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?
        // "Dangerous" is rustls's word for any verifier that is not its own; this one is the platform's.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(speak_http1(config))
}

/// TLS that trusts nobody, for a client that will not use it.
///
/// # Errors
///
/// `Internal`: the provider speaks no version of TLS.
pub(crate) fn trust_nobody() -> Result<ClientConfig, ClientError> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(speak_http1(config))
}

/// One request at a time gains nothing from HTTP/2, and large pages lose to its flow control.
fn speak_http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(matches!(parse_certificates(b""), Err(ClientError::CertificateMissing)));
        assert!(matches!(parse_certificates(b"hello"), Err(ClientError::CertificateMissing)));
        let cut = b"-----BEGIN CERTIFICATE-----\nMIIB";
        assert!(matches!(parse_certificates(cut), Err(ClientError::CertificatePem(_))));
    }
}
