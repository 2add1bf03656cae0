//! `daybook ca`: the certificate authority that clients of a local hub have to trust.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use super::{
    GlobalOptions,
    output::{print_json, print_line},
};
use crate::tls::{local_ca_file, read_local_ca};

/// Print the certificate of the hub's own certificate authority
///
/// It is made when the hub first starts without a certificate of yours. Go programs read it from SSL_CERT_FILE, Python's
/// requests from REQUESTS_CA_BUNDLE, curl from --cacert.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook ca > daybook-ca.pem
  curl --cacert \"$(daybook ca --path)\" https://localhost:8443/healthz

  daybook ca --path")]
pub(super) struct Ca {
    /// Print where the file is instead
    #[arg(long)]
    path: bool,
}

#[derive(Debug, Serialize)]
struct LocalCa {
    path: PathBuf,
    certificate: String,
}

pub(super) fn run(global: &GlobalOptions, command: &Ca) -> Result<()> {
    let data_dir = global.data_dir();
    let certificate = read_local_ca(&data_dir)?;
    let path = local_ca_file(&data_dir);
    let path = path.canonicalize().with_context(|| format!("find {}", path.display()))?;
    match (global.json, command.path) {
        (true, _) => print_json(&LocalCa { path, certificate }),
        (false, true) => print_line(&path.display().to_string()),
        (false, false) => print_line(certificate.trim_end()),
    }
}
