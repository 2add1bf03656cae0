//! HTTPS: a certificate of the user's own, or one from a local certificate authority made at first start.
//!
//! Either is replaced without a restart: the user's files are watched, the local certificate is made anew long before it
//! ends. A broken replacement is reported and the one in use stays.

mod local_ca;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::config::Tls;

/// A local certificate is made anew after this; it is valid for three times as long.
const LOCAL_RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Where certificates come from.
#[derive(Debug)]
pub enum Certificates {
    /// PEM files of the user.
    Files {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// The local certificate authority in the data directory.
    Local {
        /// Its folder.
        folder: PathBuf,
        /// Names and addresses that the server's certificate is for.
        names: Vec<String>,
    },
}

impl Certificates {
    /// What the configuration says; `names` are those under which clients reach the hub, the public one last.
    #[must_use]
    pub fn of(config: &Tls, data_dir: &Path, names: Vec<String>) -> Self {
        if !config.certificate_file.as_os_str().is_empty() {
            let (certificate, key) = (config.certificate_file.clone(), config.key_file.clone());
            return Self::Files { certificate, key };
        }
        Self::Local { folder: data_dir.join("tls"), names }
    }

    /// The certificate that clients have to trust in addition to their own; `None` with the user's files.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        match self {
            Self::Files { .. } => None,
            Self::Local { folder, .. } => Some(local_ca::certificate_file(folder)),
        }
    }

    /// The configuration to serve with.
    ///
    /// # Errors
    ///
    /// The files cannot be read, or do not fit together.
    pub fn load(&self) -> Result<RustlsConfig> {
        Ok(RustlsConfig::from_config(self.server_config()?))
    }

    fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let (chain, key) = match self {
            Self::Files { certificate, key } => {
                let read = |file: &Path| std::fs::read(file).with_context(|| format!("read {}", file.display()));
                (read(certificate)?, read(key)?)
            }
            Self::Local { folder, names } => local_ca::issue(folder, names, LOCAL_RENEWAL * 3)?,
        };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>().context("read the certificate chain")?;
        let key = PrivateKeyDer::from_pem_slice(&key).context("read the private key")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choose TLS versions")?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("use the certificate with its key")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn changed_at(&self) -> Option<SystemTime> {
        match self {
            Self::Files { certificate, key } => {
                let changed = |file: &Path| std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
                changed(certificate).max(changed(key))
            }
            Self::Local { .. } => None,
        }
    }

    /// Replaces the certificate in use whenever there is a newer one. Never ends.
    pub async fn keep_fresh(self, in_use: RustlsConfig, every: Duration) {
        let mut seen = self.changed_at();
        let mut issued = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(every).await;
            let changed = self.changed_at();
            let is_due = match &self {
                Self::Files { .. } => changed != seen,
                Self::Local { .. } => issued.elapsed() >= LOCAL_RENEWAL,
            };
            if !is_due {
                continue;
            }
            match self.server_config() {
                Ok(config) => {
                    in_use.reload_from_config(config);
                    (seen, issued) = (changed, tokio::time::Instant::now());
                    tracing::info!("the certificate was replaced");
                }
                Err(error) => {
                    seen = changed;
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the new certificate cannot be used; the one in use stays"
                    );
                }
            }
        }
    }
}

/// Where the certificate of the local certificate authority of a data directory is.
#[must_use]
pub fn local_ca_file(data_dir: &Path) -> PathBuf {
    local_ca::certificate_file(&data_dir.join("tls"))
}

/// The certificate of the local certificate authority of a data directory, PEM.
///
/// # Errors
///
/// There is none: the server has not been started, or serves a certificate of the user's own.
pub fn read_local_ca(data_dir: &Path) -> Result<String> {
    let file = local_ca_file(data_dir);
    std::fs::read_to_string(&file).with_context(|| {
        format!(
            "there is no local certificate authority in {}: it is made when `daybook serve` first starts without \
             [tls] certificate_file",
            data_dir.display()
        )
    })
}
