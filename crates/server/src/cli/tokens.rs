//! `daybook token` and `daybook events-api`: bearer tokens. A token is printed once, alone on its line.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use daybook_client::decode_unverified;
use daybook_events::{Clock, SystemClock, Timestamp};
use serde_json::json;

use super::{
    Global,
    hub::Hub,
    output::{print, print_json, print_table, say},
    parse::{Expiry, expiry, features},
};
use crate::manage::types::{
    AccountView, IntegrationView, IssuedToken, NewIntegration, NewTokenRequest, TokenChange, TokenView,
};

/// Bearer tokens of integrations.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Issue a token; it is printed once, and nobody can show it again
    #[command(after_long_help = "Examples:
  daybook token issue \"Splunk production\" --name first
  daybook token issue \"Splunk production\" --name second --features auditevents --expires-in 90d
  daybook token issue \"My product\" --name t1 --features signinattempts,okta.system > my-product.token")]
    Issue {
        /// The integration, by name or id
        integration: String,
        /// The token's name, unique among the integration's live tokens
        #[arg(long)]
        name: String,
        #[command(flatten)]
        rights: Rights,
    },
    /// List the tokens, newest first
    #[command(after_long_help = "Examples:\n  daybook token list\n  daybook token list --json")]
    List,
    /// Rename a token
    #[command(after_long_help = "Examples:\n  daybook token rename first \"Splunk, until 2027\"")]
    Rename {
        /// The token, by name or id
        token: String,
        /// Its new name
        name: String,
    },
    /// Revoke a token; its next request is refused
    #[command(after_long_help = "Examples:\n  daybook token revoke first")]
    Revoke {
        /// The token, by name or id
        token: String,
    },
    /// Say what any token of the Events API claims: host, features, expiry; nothing is verified or sent
    #[command(after_long_help = "Examples:
  daybook token inspect \"$TOKEN\"
  daybook token inspect - < splunk.token")]
    Inspect {
        /// The token, or - for standard input
        token: String,
    },
}

/// Events Reporting in one step.
#[derive(Debug, Subcommand)]
pub(super) enum EventsApiCommand {
    /// Add an integration and issue its token, which is printed once
    #[command(after_long_help = "Examples:
  daybook events-api create \"SIEM\"
  daybook events-api create \"Sign-ins for an hour\" --features signinattempts --expires-in 1h")]
    Create {
        /// The name of both
        name: String,
        #[command(flatten)]
        rights: Rights,
    },
}

/// What a token may do, and how long.
#[derive(Debug, Args)]
pub(super) struct Rights {
    /// Features, joined by commas; all three of the Events API without it
    #[arg(long, value_name = "LIST")]
    features: Option<String>,
    /// When it expires: a number with s, m, h, d or w; or never
    #[arg(long, value_name = "DURATION", default_value = "never", value_parser = expiry)]
    expires_in: Expiry,
}

impl Rights {
    fn request(&self, name: String) -> Result<NewTokenRequest> {
        let features = features(self.features.as_deref()).map_err(|error| anyhow!("--features: {error}"))?;
        Ok(NewTokenRequest {
            name,
            features: features.iter().map(ToString::to_string).collect(),
            expires_in_secs: self.expires_in.0.map(|duration| duration.as_secs()),
        })
    }
}

pub(super) async fn run(global: &Global, command: TokenCommand) -> Result<ExitCode> {
    if let TokenCommand::Inspect { token } = &command {
        return inspect(global, token);
    }
    let hub = Hub::connect(global)?;
    let account = hub.account(global).await?;
    let path = |token: &TokenView| format!("accounts/{}/tokens/{}", account.uuid, token.uuid);
    let tokens = match command {
        TokenCommand::Issue { integration, name, rights } => {
            let integration = hub.integration(&account, &integration).await?;
            return print_issued(global, issue(&hub, &account, &integration, &rights.request(name)?).await?);
        }
        TokenCommand::List => hub.tokens(&account).await?,
        TokenCommand::Rename { token, name } => {
            let token = hub.token(&account, &token).await?;
            vec![hub.patch(&path(&token), &TokenChange { name }).await?]
        }
        TokenCommand::Revoke { token } => {
            let token = hub.token(&account, &token).await?;
            let revoked = hub.post(&format!("{}/revoke", path(&token)), &()).await?;
            say(&format!(
                "revoked {:?} of {:?}: whoever uses it is refused from now on",
                token.name, token.integration
            ));
            vec![revoked]
        }
        TokenCommand::Inspect { .. } => unreachable!("inspected above"),
    };
    if global.json {
        print_json(&tokens)?;
    } else {
        show(tokens)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn run_events_api(global: &Global, command: EventsApiCommand) -> Result<ExitCode> {
    let EventsApiCommand::Create { name, rights } = command;
    let request = rights.request(name.clone())?;
    let hub = Hub::connect(global)?;
    let account = hub.account(global).await?;
    let new = NewIntegration { name, kind: "other".to_owned() };
    let integration: IntegrationView = hub.post(&format!("accounts/{}/integrations", account.uuid), &new).await?;
    print_issued(global, issue(&hub, &account, &integration, &request).await?)
}

pub(super) async fn issue(
    hub: &Hub,
    account: &AccountView,
    integration: &IntegrationView,
    request: &NewTokenRequest,
) -> Result<IssuedToken> {
    hub.post(&format!("accounts/{}/integrations/{}/tokens", account.uuid, integration.uuid), request).await
}

fn print_issued(global: &Global, issued: IssuedToken) -> Result<ExitCode> {
    if global.json {
        print_json(&issued)?;
        return Ok(ExitCode::SUCCESS);
    }
    let TokenView { name, integration, features, expires_at, .. } = issued.details;
    let until = expires_at.map_or_else(|| "never expires".to_owned(), |time| format!("expires at {time}"));
    say(&format!(
        "token {name:?} of {integration:?} for {}; it {until}. Save it now: it is not shown again.",
        features.join(", ")
    ));
    print(&issued.token)?;
    Ok(ExitCode::SUCCESS)
}

/// Tokens as a table.
pub(super) fn show(tokens: Vec<TokenView>) -> Result<()> {
    let rows = tokens.into_iter().map(|token| {
        let last = token.uses.iter().max_by(|one, other| one.last_used_at.cmp(&other.last_used_at));
        let last =
            last.map_or_else(|| "never".to_owned(), |used| format!("{} from {}", used.last_used_at, used.address));
        let requests: i64 = token.uses.iter().map(|used| used.requests).sum();
        vec![
            token.name,
            token.integration,
            token.state,
            token.features.join(","),
            token.expires_at.unwrap_or_else(|| "never".to_owned()),
            last,
            requests.to_string(),
            token.uuid,
        ]
    });
    let header = ["NAME", "INTEGRATION", "STATE", "FEATURES", "EXPIRES", "LAST USED", "REQUESTS", "ID"];
    print_table(&header, rows.collect(), "no tokens yet; issue one with `daybook token issue INTEGRATION --name NAME`")
}

fn inspect(global: &Global, token: &str) -> Result<ExitCode> {
    let token = if token == "-" {
        std::io::read_to_string(std::io::stdin()).context("read standard input")?
    } else {
        token.to_owned()
    };
    let claims = decode_unverified(&token)?;
    let now = SystemClock.now();
    let expires = expiry_words(claims.expires_at(), now);
    if global.json {
        print_json(&json!({
            "host": claims.host(), "url": format!("https://{}", claims.host()), "features": claims.features,
            "account_uuid": claims.account, "integration_uuid": claims.sub, "token_uuid": claims.jti, "issuer": claims.iss,
            "issued_at": claims.iat.map(|secs| Timestamp::from_seconds(secs).to_string()),
            "expires_at": claims.expires_at().map(|time| time.to_string()), "expires": expires,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let or_unsaid = |text: Option<String>| text.unwrap_or_else(|| "not said".to_owned());
    let rows = vec![
        vec!["host".to_owned(), claims.host().to_owned()],
        vec!["features".to_owned(), claims.features.join(", ")],
        vec!["expires".to_owned(), expires],
        vec!["issued".to_owned(), or_unsaid(claims.iat.map(|secs| Timestamp::from_seconds(secs).to_string()))],
        vec!["account".to_owned(), or_unsaid(claims.account)],
        vec!["integration".to_owned(), or_unsaid(claims.sub)],
        vec!["token".to_owned(), or_unsaid(claims.jti)],
        vec!["issuer".to_owned(), or_unsaid(claims.iss)],
    ];
    print_table(&["CLAIM", "VALUE"], rows, "")?;
    say("This is what the token says of itself; whether it is still good, only its server knows.");
    Ok(ExitCode::SUCCESS)
}

fn expiry_words(expires_at: Option<Timestamp>, now: Timestamp) -> String {
    let Some(time) = expires_at else { return "never".to_owned() };
    if time <= now {
        format!("{time}, {} ago", about(now.since(time)))
    } else {
        format!("{time}, in {}", about(time.since(now)))
    }
}

fn about(duration: Duration) -> String {
    let secs = duration.as_secs();
    let (count, unit) = match secs {
        0..120 => (secs, "second"),
        120..7_200 => (secs / 60, "minute"),
        7_200..172_800 => (secs / 3_600, "hour"),
        _ => (secs / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_told_in_words() {
        let now = Timestamp::from_seconds(1_000_000);
        let at = |secs: i64| Some(Timestamp::from_seconds(1_000_000 + secs));
        assert_eq!(expiry_words(None, now), "never");
        assert!(expiry_words(at(90 * 86_400), now).ends_with(", in 90 days"));
        assert!(expiry_words(at(-90), now).ends_with(", 90 seconds ago"));
        assert!(expiry_words(at(7_200), now).ends_with(", in 2 hours"));
    }
}
