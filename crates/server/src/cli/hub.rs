//! A running hub, as its administrator sees it: where it is, and the calls of its management API.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    GlobalOptions, http,
    resolve::{find_named, find_named_or_only},
};
use crate::{
    data_dir::{read_administration_token, read_server_file},
    manage::types::{
        AccountView, HubStatus, IntegrationView, IssuedToken, NewAccount, NewIntegration, NewTokenRequest, TokenView,
    },
};

/// Which account a command is about.
#[derive(Debug, Clone, Args)]
pub(super) struct AccountOption {
    /// The account, by name or id; may be left out while there is only one
    #[arg(long, env = "DAYBOOK_ACCOUNT", value_name = "ACCOUNT")]
    pub(super) account: Option<String>,
}

/// A hub and the right to administer it.
pub(super) struct Hub {
    http: reqwest::Client,
    url: String,
    authorization: HeaderValue,
    roots_pem: Vec<Vec<u8>>,
    data_dir: PathBuf,
    /// What to do when it does not answer.
    hint: String,
}

const ADD_ACCOUNT: &str = "add one with `daybook account add NAME`";
const ADD_INTEGRATION: &str = "add one with `daybook integration add NAME`";
const ISSUE_TOKEN: &str = "issue one with `daybook token issue INTEGRATION --name NAME`";

impl Hub {
    /// The hub that the options name. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// None runs on the data directory, its token may not be read, or the URL or certificates cannot be used.
    pub(super) fn connect(global: &GlobalOptions) -> Result<Self> {
        match global.url.clone().or_else(|| variable("DAYBOOK_URL")) {
            Some(url) => Self::connect_remote(global, &url),
            None => Self::connect_local(global),
        }
    }

    fn connect_local(global: &GlobalOptions) -> Result<Self> {
        let data_dir = global.data_dir();
        let server = read_server_file(&data_dir)?;
        let token = read_administration_token(&data_dir)?;
        let mut roots_pem: Vec<_> = global.ca_pem()?.into_iter().collect();
        if let Some(ca) = &server.ca {
            roots_pem.push(std::fs::read(ca).with_context(|| format!("read the hub's certificate {}", ca.display()))?);
        }
        let hint = format!(
            "process {} said it would listen there; if it has died, start it again with `daybook serve --data-dir {}`",
            server.pid,
            data_dir.display()
        );
        Self::new(&server.url, &token, roots_pem, data_dir, hint)
    }

    fn connect_remote(global: &GlobalOptions, url: &str) -> Result<Self> {
        let token = variable("DAYBOOK_TOKEN").with_context(|| {
            format!("set DAYBOOK_TOKEN to the administration token of {url} (admin.token in its data directory)")
        })?;
        // The rules for where a token may be sent are the client's.
        let client = daybook_client::Client::builder(&token).base_url(url).build().context("use --url")?;
        let roots_pem = global.ca_pem()?.into_iter().collect();
        let hint =
            "is the URL right, and does the hub run? with a certificate authority of its own, name that with --ca";
        Self::new(client.base_url(), &token, roots_pem, global.data_dir(), hint.to_owned())
    }

    fn new(url: &str, token: &str, roots_pem: Vec<Vec<u8>>, data_dir: PathBuf, hint: String) -> Result<Self> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).context("the administration token is not one line")?;
        authorization.set_sensitive(true);
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { http: http::client_for(&url, &roots_pem)?, url, authorization, roots_pem, data_dir, hint })
    }

    /// `https://host:port`, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The certificate authorities to trust for it, PEM.
    pub(super) fn roots_pem(&self) -> &[Vec<u8>] {
        &self.roots_pem
    }

    /// Where the command line keeps what it has to remember.
    pub(super) fn cli_dir(&self) -> PathBuf {
        self.data_dir.join("cli")
    }

    pub(super) async fn status(&self) -> Result<HubStatus> {
        self.get("/status").await
    }

    pub(super) async fn accounts(&self) -> Result<Vec<AccountView>> {
        self.get("/accounts").await
    }

    pub(super) async fn add_account(&self, name: &str, retention_days: Option<u32>) -> Result<AccountView> {
        self.send(Method::POST, "/accounts", &NewAccount { name: name.to_owned(), retention_days }).await
    }

    /// The account with this name or id.
    pub(super) async fn find_account(&self, wanted: &str) -> Result<AccountView> {
        find_named(self.accounts().await?, wanted, ADD_ACCOUNT)
    }

    /// The account of the option, or the only one.
    pub(super) async fn account(&self, option: &AccountOption) -> Result<AccountView> {
        find_named_or_only(self.accounts().await?, option.account.as_deref(), "--account", ADD_ACCOUNT)
    }

    pub(super) async fn integrations(&self, account: &AccountView) -> Result<Vec<IntegrationView>> {
        self.get(&format!("/accounts/{}/integrations", account.uuid)).await
    }

    pub(super) async fn find_integration(&self, account: &AccountView, wanted: &str) -> Result<IntegrationView> {
        find_named(self.integrations(account).await?, wanted, ADD_INTEGRATION)
    }

    pub(super) async fn add_integration(
        &self,
        account: &AccountView,
        name: &str,
        kind: &str,
    ) -> Result<IntegrationView> {
        let new = NewIntegration { name: name.to_owned(), kind: kind.to_owned() };
        self.send(Method::POST, &format!("/accounts/{}/integrations", account.uuid), &new).await
    }

    pub(super) async fn tokens(&self, account: &AccountView) -> Result<Vec<TokenView>> {
        self.get(&format!("/accounts/{}/tokens", account.uuid)).await
    }

    /// A token by name or id, where one is given among those of an integration.
    pub(super) async fn find_token(
        &self,
        account: &AccountView,
        wanted: &str,
        integration: Option<&str>,
    ) -> Result<TokenView> {
        let mut tokens = self.tokens(account).await?;
        if let Some(integration) = integration {
            let integration = self.find_integration(account, integration).await?;
            tokens.retain(|token| token.integration_uuid == integration.uuid);
        }
        find_named(tokens, wanted, ISSUE_TOKEN)
    }

    pub(super) async fn issue_token(
        &self,
        integration: &IntegrationView,
        request: &NewTokenRequest,
    ) -> Result<IssuedToken> {
        let path = format!("/accounts/{}/integrations/{}/tokens", integration.account_uuid, integration.uuid);
        self.send(Method::POST, &path, request).await
    }

    pub(super) async fn revoke_token(&self, account: &AccountView, token: &TokenView) -> Result<TokenView> {
        self.post(&format!("/accounts/{}/tokens/{}/revoke", account.uuid, token.uuid)).await
    }

    /// Asks for something under `/manage/v1`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Has something done that needs no more words.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::POST, path, None::<&()>).await
    }

    /// Has something done as the body says.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        self.ask(method, path, Some(body)).await
    }

    /// Removes something.
    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        self.ask::<Option<Value>>(Method::DELETE, path, None::<&()>).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let url = format!("{}/manage/v1{path}", self.url);
        let mut request = self.http.request(method, &url).header(AUTHORIZATION, self.authorization.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let silent = || format!("{} does not answer; {}", self.url, self.hint);
        let response = request.send().await.map_err(reqwest::Error::without_url).with_context(silent)?;
        let status = response.status();
        let answer = response.bytes().await.map_err(reqwest::Error::without_url).with_context(silent)?;
        if !status.is_success() {
            bail!("{}", message_of(status, &answer));
        }
        let answer = if answer.is_empty() { b"null" } else { answer.as_ref() };
        serde_json::from_slice(answer)
            .with_context(|| format!("{} answers, but not as a Daybook of this version does", self.url))
    }
}

/// The server's own words in an error body.
pub(super) fn message_of(status: StatusCode, body: &[u8]) -> String {
    let message =
        serde_json::from_slice::<Value>(body).ok().and_then(|body| Some(body["message"].as_str()?.to_owned()));
    message.unwrap_or_else(|| format!("the server answered {status}; is this the URL of a Daybook?"))
}

/// A variable of the environment that is not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}
