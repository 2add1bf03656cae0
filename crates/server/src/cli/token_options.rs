//! A bearer token that the caller brings along, and where it may be sent.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use daybook_client::{Client, ClientBuilder};

use super::{GlobalOptions, http::USER_AGENT, hub::variable};
use crate::tls::read_local_ca;

/// A token given on the command line.
#[derive(Debug, Args)]
pub(super) struct TokenOptions {
    /// Bearer token; it names the server to ask, unless --url does
    #[arg(long, value_name = "TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
    /// File with the bearer token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl TokenOptions {
    /// The token given by option, file, or this variable of the environment.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn given(&self, variable_name: &str) -> Result<Option<String>> {
        if let Some(file) = &self.token_file {
            let text = std::fs::read_to_string(file).with_context(|| format!("read the token {}", file.display()))?;
            return Ok(Some(text.trim().to_owned()));
        }
        Ok(self.token.as_ref().map(|token| token.trim().to_owned()).or_else(|| variable(variable_name)))
    }
}

/// A client with a token of the caller's: to the server that it names, or to `--url`. DAYBOOK_URL does not count: it says
/// which hub to administer, and another server's token has no business there.
///
/// # Errors
///
/// A certificate authority cannot be read.
pub(super) fn client_with_token(global: &GlobalOptions, token: &str) -> Result<ClientBuilder> {
    let mut builder = Client::builder(token).user_agent(USER_AGENT);
    for pem in roots_pem(global)? {
        builder = builder.add_root_certificate_pem(pem);
    }
    Ok(match &global.url {
        Some(url) => builder.base_url(url),
        None => builder,
    })
}

/// The certificate authorities to trust: the one given, and that of the data directory, whose key is ours.
pub(super) fn roots_pem(global: &GlobalOptions) -> Result<Vec<Vec<u8>>> {
    let local = read_local_ca(&global.data_dir()).ok().map(String::into_bytes);
    Ok(global.ca_pem()?.into_iter().chain(local).collect())
}
