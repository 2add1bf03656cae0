//! `daybook token`: bearer tokens of integrations, and what any token says of itself.

use std::io::Read;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daybook_events::{
    AUDIT_EVENTS, Claims, Clock, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, SystemClock, Timestamp, decode_unverified,
};
use reqwest::Method;
use serde::Serialize;

use super::{
    GlobalOptions,
    durations::{Expiry, ago_in_words, expiry_in_words, parse_expiry},
    hub::{AccountOption, Hub},
    output::{print_json, print_line, say, show, table},
};
use crate::manage::types::{IntegrationView, IssuedToken, NewTokenRequest, TokenChange, TokenView};

/// Bearer tokens: issue, list, rename, revoke, inspect
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    Issue(Issue),
    List(List),
    Rename(Rename),
    Revoke(Revoke),
    Inspect(Inspect),
}

/// Issue a token and print it, the only time that it is shown
///
/// The token stands alone on its line on standard output; save it before you close the window.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook token issue \"Splunk production\" --name first > splunk.token
  daybook token issue \"Splunk production\" --name audit --features auditevents --expires-in 90d
  daybook token issue \"My product\" --name t1 --features signinattempts,auditevents")]
pub(super) struct Issue {
    /// The integration that it is for, by name or id
    integration: String,
    /// Its name, unique among the integration's live tokens
    #[arg(long)]
    name: String,
    #[command(flatten)]
    terms: TokenTerms,
    #[command(flatten)]
    account: AccountOption,
}

/// What a token may do, and for how long.
#[derive(Debug, Args)]
pub(super) struct TokenTerms {
    /// What it may read, or for a source append to, separated by commas [default: signinattempts,itemusages,auditevents]
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    features: Vec<Feature>,
    /// How long it is good: 90s, 15m, 24h, 30d, 2w, or never
    #[arg(long, value_name = "DURATION", default_value = "never", value_parser = parse_expiry)]
    expires_in: Expiry,
}

/// List the tokens of an account
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook token list
  daybook token list --account \"Acme\" --json")]
pub(super) struct List {
    #[command(flatten)]
    account: AccountOption,
}

/// Rename a token
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook token rename first \"first, until March\"
  daybook token rename first second --integration \"Splunk production\"")]
pub(super) struct Rename {
    #[command(flatten)]
    which: Which,
    /// Its new name
    new_name: String,
}

/// Revoke a token: its next request is refused
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook token revoke first
  daybook token revoke first --integration \"Splunk production\"")]
pub(super) struct Revoke {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// The token, by name or id
    token: String,
    /// The integration that it belongs to, where several have a token of this name
    #[arg(long, value_name = "INTEGRATION")]
    integration: Option<String>,
    #[command(flatten)]
    account: AccountOption,
}

/// Say in words what a token of any server says of itself
///
/// Nothing is sent anywhere and nothing is verified. Give the token on standard input to keep it out of the shell's
/// history.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook token inspect - < splunk.token
  daybook token inspect eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOlsi…
  daybook token inspect --json < splunk.token")]
pub(super) struct Inspect {
    /// The token, or - for standard input
    #[arg(default_value = "-")]
    token: String,
}

/// What a token says of itself.
#[derive(Debug, Serialize)]
struct Inspection {
    host: String,
    features: Vec<String>,
    account_uuid: Option<String>,
    integration_uuid: Option<String>,
    token_uuid: Option<String>,
    issuer: Option<String>,
    issued_at: Option<String>,
    expires_at: Option<String>,
    is_expired: bool,
}

pub(super) async fn run(global: &GlobalOptions, command: TokenCommand) -> Result<()> {
    if let TokenCommand::Inspect(Inspect { token }) = command {
        return inspect(global, token);
    }
    let hub = Hub::connect(global)?;
    match command {
        TokenCommand::Issue(Issue { integration, name, terms, account }) => {
            let account = hub.account(&account).await?;
            let integration = hub.find_integration(&account, &integration).await?;
            issue(global, &hub, &integration, &name, &terms).await
        }
        TokenCommand::List(List { account }) => {
            let account = hub.account(&account).await?;
            show(global.json, &hub.tokens(&account).await?, |tokens| list(tokens))
        }
        TokenCommand::Rename(Rename { which, new_name }) => {
            let account = hub.account(&which.account).await?;
            let token = hub.find_token(&account, &which.token, which.integration.as_deref()).await?;
            let path = format!("/accounts/{}/tokens/{}", account.uuid, token.uuid);
            let renamed: TokenView = hub.send(Method::PATCH, &path, &TokenChange { name: new_name }).await?;
            show(global.json, &renamed, |renamed| {
                format!("Renamed token {:?} of {} to {:?}", token.name, renamed.integration, renamed.name)
            })
        }
        TokenCommand::Revoke(Revoke { which }) => {
            let account = hub.account(&which.account).await?;
            let token = hub.find_token(&account, &which.token, which.integration.as_deref()).await?;
            let revoked = hub.revoke_token(&account, &token).await?;
            show(global.json, &revoked, |revoked| {
                format!("Revoked token {:?} of {}; it is refused from now on", revoked.name, revoked.integration)
            })
        }
        TokenCommand::Inspect(_) => unreachable!("handled before a hub is needed"),
    }
}

/// Issues a token, prints it alone on standard output, and says what it is on standard error.
pub(super) async fn issue(
    global: &GlobalOptions,
    hub: &Hub,
    integration: &IntegrationView,
    name: &str,
    terms: &TokenTerms,
) -> Result<()> {
    let request = NewTokenRequest {
        name: name.to_owned(),
        features: terms.features(),
        expires_in_secs: terms.expires_in.0.map(|lifetime| lifetime.as_secs()),
    };
    let issued = hub.issue_token(integration, &request).await?;
    if global.json {
        return print_json(&issued);
    }
    say(&issued_sentence(&issued));
    print_line(&issued.token)
}

impl TokenTerms {
    fn features(&self) -> Vec<String> {
        if self.features.is_empty() { all_features() } else { self.features.iter().map(ToString::to_string).collect() }
    }
}

/// The features of the Events API, in the order in which they are written everywhere.
pub(super) fn all_features() -> Vec<String> {
    [SIGN_IN_ATTEMPTS, ITEM_USAGES, AUDIT_EVENTS].map(|feature| feature.to_string()).to_vec()
}

fn issued_sentence(issued: &IssuedToken) -> String {
    let TokenView { name, integration, kind, features, expires_at, .. } = &issued.details;
    let verb = if kind == "source" { "appends to" } else { "reads" };
    let expires_at = expires_at.as_ref().and_then(|time| time.parse().ok());
    let expiry = expiry_in_words(expires_at, SystemClock.now());
    format!(
        "Token {name:?} of {integration} {verb} {} and {expiry}. Save it: it is shown this once.",
        features.join(", ")
    )
}

pub(super) fn list(tokens: &[TokenView]) -> String {
    let now = SystemClock.now();
    let row = |token: &TokenView| {
        [
            token.name.clone(),
            token.integration.clone(),
            token.state.clone(),
            token.features.join(","),
            token.expires_at.clone().unwrap_or_else(|| "never".to_owned()),
            last_used(token).map_or_else(|| "never".to_owned(), |time| ago_in_words(time, now)),
            token.uuid.clone(),
        ]
    };
    let rows = tokens.iter().map(row).collect();
    table(
        ["NAME", "INTEGRATION", "STATE", "FEATURES", "EXPIRES", "LAST USED", "ID"],
        rows,
        "There is no token yet; issue one with `daybook token issue INTEGRATION --name NAME`.",
    )
}

fn last_used(token: &TokenView) -> Option<&str> {
    let times = token.uses.iter().map(|used| used.last_used_at.as_str());
    times.max_by_key(|time| time.parse::<Timestamp>().unwrap_or(Timestamp::MIN))
}

fn inspect(global: &GlobalOptions, token: String) -> Result<()> {
    let token = match token.as_str() {
        "-" => std::io::read_to_string(std::io::stdin().take(1 << 20)).context("read the token from standard input")?,
        _ => token,
    };
    let inspection = Inspection::of(decode_unverified(&token)?, SystemClock.now());
    show(global.json, &inspection, |inspection| inspection.in_words(SystemClock.now()))
}

impl Inspection {
    fn of(claims: Claims, now: Timestamp) -> Self {
        let expires_at = claims.expires_at();
        Self {
            host: claims.host().to_owned(),
            account_uuid: claims.account,
            integration_uuid: claims.sub,
            token_uuid: claims.jti,
            issuer: claims.iss,
            issued_at: claims.iat.map(|seconds| Timestamp::from_seconds(seconds).to_string()),
            expires_at: expires_at.map(|time| time.to_string()),
            is_expired: expires_at.is_some_and(|time| time <= now),
            features: claims.features,
        }
    }

    fn in_words(&self, now: Timestamp) -> String {
        let unsaid = || "not said".to_owned();
        let expires_at = self.expires_at.as_ref().and_then(|time| time.parse().ok());
        let features: Vec<String> = self.features.iter().map(|feature| feature_in_words(feature)).collect();
        let rows = vec![
            ["Host".to_owned(), format!("https://{}", self.host)],
            ["Features".to_owned(), features.join(", ")],
            ["Expiry".to_owned(), expiry_in_words(expires_at, now)],
            ["Issued".to_owned(), self.issued_at.clone().unwrap_or_else(unsaid)],
            ["Account".to_owned(), self.account_uuid.clone().unwrap_or_else(unsaid)],
            ["Integration".to_owned(), self.integration_uuid.clone().unwrap_or_else(unsaid)],
            ["Token".to_owned(), self.token_uuid.clone().unwrap_or_else(unsaid)],
            ["Verified".to_owned(), "no: only the server that issued it can say whether it is good".to_owned()],
        ];
        table(["CLAIM", "VALUE"], rows, "")
    }
}

fn feature_in_words(feature: &str) -> String {
    match feature {
        "signinattempts" => "sign-in attempts (signinattempts)".to_owned(),
        "itemusages" => "item usages (itemusages)".to_owned(),
        "auditevents" => "audit events (auditevents)".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: Option<i64>) -> Claims {
        Claims {
            aud: vec!["events.acme.example:8443".into()],
            features: vec!["auditevents".into(), "new\u{1b}[2J".into()],
            account: None,
            sub: None,
            iss: None,
            iat: Some(1_772_600_000),
            exp,
            jti: None,
        }
    }

    #[test]
    fn a_token_is_told_in_words() {
        let now = Timestamp::from_seconds(1_772_600_000);
        let words = Inspection::of(claims(Some(1_772_600_000 + 86_400)), now).in_words(now);
        for part in ["https://events.acme.example:8443", "audit events (auditevents)", "expires in 1 day", "not said"] {
            assert!(words.contains(part), "{part} in {words}");
        }
        assert!(!words.contains('\u{1b}'));
        let never = Inspection::of(claims(None), now);
        assert!(!never.is_expired && never.in_words(now).contains("never expires"));
        assert!(Inspection::of(claims(Some(1)), now).is_expired);
    }
}
