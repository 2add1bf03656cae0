//! The receiver's certificates, good and bad.

use std::{fmt, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

use crate::pki::{Authority, Validity};

/// What a client meets when it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsSetup {
    /// A good certificate for `localhost` and `127.0.0.1`.
    Valid,
    /// A certificate that ended yesterday.
    ExpiredCertificate,
    /// A certificate of another authority than the one of `ca_pem`.
    UnknownAuthority,
    /// A good certificate, and the demand for one of the client's.
    ClientCertificateRequired,
}

/// An authority to trust, and what accepts connections.
pub(crate) struct Tls {
    pub(crate) authority: Authority,
    pub(crate) acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) fn new(setup: TlsSetup) -> Self {
        Self::speaking(setup, &[])
    }

    /// The same, that negotiates one of these protocols (ALPN), and takes no client that speaks others alone.
    pub(crate) fn speaking(setup: TlsSetup, protocols: &[&str]) -> Self {
        let authority = Authority::new("Daybook test authority");
        let identity = match setup {
            TlsSetup::Valid | TlsSetup::ClientCertificateRequired => authority.server(Validity::Current),
            TlsSetup::ExpiredCertificate => authority.server(Validity::Expired),
            TlsSetup::UnknownAuthority => Authority::new("Another authority").server(Validity::Current),
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if setup == TlsSetup::ClientCertificateRequired {
            let mut roots = RootCertStore::empty();
            roots.add(certificate(authority.pem())).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(vec![certificate(&identity.certificate_pem)], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self { authority, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").field("authority", &self.authority).finish_non_exhaustive()
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}
