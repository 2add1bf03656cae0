//! A running hub, as the command line reaches it: the management API, names instead of ids.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use reqwest::{Client, Method};
use serde::{Serialize, de::DeserializeOwned};

use super::Global;
use crate::{
    ErrorBody,
    data_dir::{read_administration_token, read_server_file},
    manage::types::{AccountView, IntegrationView, TokenView},
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A hub and the right to administer it.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    http: Client,
    pub(super) url: String,
    token: String,
    /// Certificates to trust besides the system's, PEM.
    pub(super) roots: Vec<Vec<u8>>,
    /// Where the hub on this machine keeps its data; `None` for a hub elsewhere.
    pub(super) data_dir: Option<PathBuf>,
}

impl Hub {
    /// The hub of `--url` with the token in `DAYBOOK_TOKEN`, or the one that runs on the data directory.
    pub(super) fn connect(global: &Global) -> Result<Self> {
        let mut roots = Vec::new();
        if let Some(file) = &global.ca {
            roots.push(std::fs::read(file).with_context(|| format!("read {}", file.display()))?);
        }
        if let Some(url) = &global.url {
            let token = std::env::var("DAYBOOK_TOKEN").context(
                "set DAYBOOK_TOKEN to the administration token of that hub; it is in admin.token in its data directory",
            )?;
            return Self::open(url.trim_end_matches('/').to_owned(), token, roots, None);
        }
        let data_dir = global.data_dir();
        let server = read_server_file(&data_dir)?;
        if let Some(file) = &server.ca {
            roots.push(std::fs::read(file).with_context(|| format!("read {}", file.display()))?);
        }
        Self::open(server.url, read_administration_token(&data_dir)?, roots, Some(data_dir))
    }

    fn open(url: String, token: String, roots: Vec<Vec<u8>>, data_dir: Option<PathBuf>) -> Result<Self> {
        let http = http_client(&roots)?;
        Ok(Self { http, url, token, roots, data_dir })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        self.call::<Option<()>>(Method::DELETE, path, None::<&()>).await.map(|_| ())
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let mut request = self.http.request(method, format!("{}/manage/v1/{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable =
            || format!("reach the hub at {}: does it run, and is its certificate trusted (--ca)?", self.url);
        let response = request.send().await.with_context(unreachable)?;
        let status = response.status();
        let text = response.text().await.with_context(unreachable)?;
        if !status.is_success() {
            bail!(refusal(status.as_u16(), &text));
        }
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).with_context(|| format!("understand the hub's answer to {path}"))
    }

    /// The account of `--account`, or the only one there is.
    pub(super) async fn account(&self, global: &Global) -> Result<AccountView> {
        let accounts: Vec<AccountView> = self.get("accounts").await?;
        match &global.account {
            Some(wanted) => pick("account", wanted, accounts, |account| (&account.uuid, &account.name)),
            None => only_account(accounts),
        }
    }

    pub(super) async fn integrations(&self, account: &AccountView) -> Result<Vec<IntegrationView>> {
        self.get(&format!("accounts/{}/integrations", account.uuid)).await
    }

    pub(super) async fn integration(&self, account: &AccountView, wanted: &str) -> Result<IntegrationView> {
        let integrations = self.integrations(account).await?;
        pick("integration", wanted, integrations, |integration| (&integration.uuid, &integration.name))
    }

    pub(super) async fn tokens(&self, account: &AccountView) -> Result<Vec<TokenView>> {
        self.get(&format!("accounts/{}/tokens", account.uuid)).await
    }

    /// A token by id or name; only live ones have a name of their own.
    pub(super) async fn token(&self, account: &AccountView, wanted: &str) -> Result<TokenView> {
        let tokens = self.tokens(account).await?;
        let live = tokens.into_iter().filter(|token| token.state != "revoked" || token.uuid == wanted).collect();
        pick("token", wanted, live, |token| (&token.uuid, &token.name))
    }
}

/// A client that trusts the system's roots and these, and goes where it is told and nowhere else.
pub(super) fn http_client(roots: &[Vec<u8>]) -> Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(daybook_client::tls_trusting(roots)?)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .user_agent(concat!("daybook/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("prepare the HTTP client")
}

/// What a hub said when it refused, in one sentence.
pub(super) fn refusal(status: u16, text: &str) -> String {
    match serde_json::from_str::<ErrorBody>(text) {
        Ok(body) => format!("{} (HTTP {status})", body.message),
        Err(_) => format!(
            "the server answered HTTP {status}: {}",
            super::output::clean(&text.chars().take(200).collect::<String>())
        ),
    }
}

fn only_account(mut accounts: Vec<AccountView>) -> Result<AccountView> {
    match accounts.len() {
        1 => Ok(accounts.remove(0)),
        0 => Err(anyhow!("the hub has no account yet; make the first with `daybook account add NAME`")),
        _ => {
            let names: Vec<_> = accounts.iter().map(|account| format!("{:?}", account.name)).collect();
            Err(anyhow!("there are several accounts; choose one with --account: {}", names.join(", ")))
        }
    }
}

/// The one thing with this id or name.
fn pick<T>(what: &str, wanted: &str, things: Vec<T>, id_and_name: impl Fn(&T) -> (&String, &String)) -> Result<T> {
    let mut names = Vec::new();
    let mut found = Vec::new();
    for thing in things {
        let (id, name) = id_and_name(&thing);
        if id == wanted || name == wanted {
            found.push(thing);
        } else if names.len() < 20 {
            names.push(format!("{name:?}"));
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 if names.is_empty() => Err(anyhow!("no {what} {wanted:?}: there is none at all")),
        0 => Err(anyhow!("no {what} {wanted:?}; there is {}", names.join(", "))),
        count => Err(anyhow!("{count} {what}s are called {wanted:?}; name one by its id (`daybook {what} list`)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountView {
        AccountView { uuid: format!("ID-{name}"), name: name.into(), retention_days: None, created_at: String::new() }
    }

    fn choose(wanted: &str, names: &[&str]) -> Result<String, String> {
        let accounts = names.iter().map(|name| account(name)).collect();
        pick("account", wanted, accounts, |account| (&account.uuid, &account.name))
            .map(|account| account.name)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn things_are_named_by_name_or_id() {
        assert_eq!(choose("b", &["a", "b"]), Ok("b".into()));
        assert_eq!(choose("ID-a", &["a", "b"]), Ok("a".into()));
        assert_eq!(choose("c", &["a", "b"]), Err("no account \"c\"; there is \"a\", \"b\"".into()));
        assert_eq!(choose("c", &[]), Err("no account \"c\": there is none at all".into()));
        assert!(choose("a", &["a", "a"]).unwrap_err().contains("name one by its id"));
    }

    #[test]
    fn the_account_may_be_left_out_while_there_is_one() {
        assert_eq!(only_account(vec![account("a")]).unwrap().name, "a");
        assert!(only_account(vec![]).unwrap_err().to_string().contains("daybook account add"));
        let several = only_account(vec![account("a"), account("b")]).unwrap_err().to_string();
        assert_eq!(several, "there are several accounts; choose one with --account: \"a\", \"b\"");
    }

    #[test]
    fn a_refusal_is_told_in_the_hub_s_words() {
        let body = r#"{"status":401,"message":"the token was revoked","Error":{"Message":"x"}}"#;
        assert_eq!(refusal(401, body), "the token was revoked (HTTP 401)");
        assert_eq!(refusal(502, "<html>\u{1b}"), "the server answered HTTP 502: <html>\u{fffd}");
    }
}
