//! Accounts, tokens and destinations on a hub, through its management API.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::{Method, Uri, header::HeaderValue};
use serde_json::{Value, json};

use crate::{
    client::{Call, Connection, Server},
    hub::Hub,
};

/// The features that the Events API serves.
pub(crate) const WIRE_FEATURES: [&str; 3] = ["itemusages", "signinattempts", "auditevents"];

/// A connection with the administration token.
pub(crate) struct Manager {
    server: Server,
    connection: Connection,
    authorization: HeaderValue,
}

/// An account with a token for each direction, both for all three features of the Events API.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) uuid: String,
    pub(crate) producer: HeaderValue,
    pub(crate) reader: HeaderValue,
}

/// How a destination stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Events that it has not settled, of all streams.
    pub(crate) behind: u64,
    /// Events that it has settled.
    pub(crate) settled: u64,
    pub(crate) dead_letters: u64,
    /// Its status, and what is wrong with its streams.
    pub(crate) said: String,
}

/// What an account's streams take in storage, together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Storage {
    pub(crate) events: u64,
    pub(crate) blocks: u64,
    pub(crate) stored_bytes: u64,
}

impl Manager {
    pub(crate) async fn of(hub: &Hub) -> Result<Self> {
        let token =
            std::fs::read_to_string(hub.data_dir().join("admin.token")).context("read the administration token")?;
        let authorization = bearer(token.trim())?;
        Ok(Self { server: hub.server.clone(), connection: hub.server.connect().await?, authorization })
    }

    /// A new account with its two tokens.
    pub(crate) async fn add_account(&mut self, name: &str) -> Result<Account> {
        let account = self.post("/manage/v1/accounts", &json!({"name": name})).await?;
        let uuid = text(&account, "uuid")?;
        let source = self.add_integration(&uuid, "producer", "source").await?;
        let other = self.add_integration(&uuid, "reader", "other").await?;
        let producer = self.issue_token(&uuid, &source, "producer", &WIRE_FEATURES).await?;
        let reader = self.issue_token(&uuid, &other, "reader", &WIRE_FEATURES).await?;
        Ok(Account { uuid, producer, reader })
    }

    /// The id of a new integration.
    pub(crate) async fn add_integration(&mut self, account: &str, name: &str, kind: &str) -> Result<String> {
        let path = format!("/manage/v1/accounts/{account}/integrations");
        text(&self.post(&path, &json!({"name": name, "kind": kind})).await?, "uuid")
    }

    /// A new token, as an `Authorization` header.
    pub(crate) async fn issue_token(
        &mut self,
        account: &str,
        integration: &str,
        name: &str,
        features: &[impl AsRef<str>],
    ) -> Result<HeaderValue> {
        let path = format!("/manage/v1/accounts/{account}/integrations/{integration}/tokens");
        let features: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
        bearer(&text(&self.post(&path, &json!({"name": name, "features": features})).await?, "token")?)
    }

    /// The heads of an account's streams, by feature.
    pub(crate) async fn heads(&mut self, account: &str) -> Result<Vec<(String, u64)>> {
        let all = self.all_heads().await?.into_iter().filter(|((owner, _), _)| owner == account);
        Ok(all.map(|((_, feature), head)| (feature, head)).collect())
    }

    /// The heads of all streams, by account and feature.
    pub(crate) async fn all_heads(&mut self) -> Result<BTreeMap<(String, String), u64>> {
        let status = self.get("/manage/v1/status").await?;
        let streams = status["streams"].as_array().context("the status has streams")?.iter();
        let head = |stream: &Value| {
            let key = (text(stream, "account_uuid")?, text(stream, "feature")?);
            Ok((key, stream["head"].as_u64().context("a stream has a head")?))
        };
        streams.map(head).collect()
    }

    /// Events that the packer has not come to, over all streams of an account.
    pub(crate) async fn events_behind_packer(&mut self, account: &str) -> Result<u64> {
        let status = self.get("/manage/v1/status").await?;
        let cursors = status["cursors"].as_array().context("the status has cursors")?;
        let packed: u64 = cursors
            .iter()
            .filter(|cursor| cursor["account_uuid"] == account && cursor["name"] == "packer")
            .filter_map(|cursor| cursor["position"].as_u64())
            .sum();
        let heads: u64 = self.heads(account).await?.iter().map(|(_, head)| head).sum();
        Ok(heads.saturating_sub(packed))
    }

    pub(crate) async fn storage(&mut self, account: &str) -> Result<Storage> {
        let streams = self.get(&format!("/manage/v1/accounts/{account}/storage")).await?;
        let streams = streams.as_array().context("storage is a list")?;
        let sum = |name: &str| streams.iter().filter_map(|stream| stream[name].as_u64()).sum();
        Ok(Storage { events: sum("events"), blocks: sum("blocks"), stored_bytes: sum("stored_bytes") })
    }

    /// A new destination, at work within a second; gives its id.
    pub(crate) async fn add_destination(
        &mut self,
        account: &str,
        (name, kind): (&str, &str),
        settings: &[(&str, &str)],
    ) -> Result<String> {
        self.add_connector(account, "destinations", (name, kind), settings).await
    }

    async fn add_connector(
        &mut self,
        account: &str,
        direction: &str,
        (name, kind): (&str, &str),
        settings: &[(&str, &str)],
    ) -> Result<String> {
        let settings: BTreeMap<&str, &str> = settings.iter().copied().collect();
        let path = format!("/manage/v1/accounts/{account}/{direction}");
        text(&self.post(&path, &json!({"name": name, "kind": kind, "settings": settings})).await?, "uuid")
    }

    /// A new source, at work within a second.
    pub(crate) async fn add_source(
        &mut self,
        account: &str,
        (name, kind): (&str, &str),
        settings: &[(&str, &str)],
    ) -> Result<String> {
        self.add_connector(account, "sources", (name, kind), settings).await
    }

    /// Events that a source has brought in.
    pub(crate) async fn brought_in(&mut self, account: &str, source: &str) -> Result<u64> {
        let view = self.get(&format!("/manage/v1/accounts/{account}/sources/{source}")).await?;
        let features = view["features"].as_array().context("a source has features")?;
        Ok(features.iter().filter_map(|feature| feature["events"].as_u64()).sum())
    }

    /// How many requests all sources have made.
    pub(crate) async fn source_requests(&mut self) -> Result<u64> {
        let call = Call::get(Uri::from_static("/metrics"));
        let text = self.server.connect().await?.send(call).await?.expect(200)?;
        let lines = std::str::from_utf8(&text).context("read the metrics")?.lines();
        let counts = lines.filter(|line| line.starts_with("daybook_source_requests_total{"));
        let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
        Ok(counts.filter_map(count).sum())
    }

    pub(crate) async fn pause_destination(&mut self, account: &str, destination: &str) -> Result<()> {
        let path = format!("/manage/v1/accounts/{account}/destinations/{destination}");
        let change = Bytes::from(json!({"state": "paused"}).to_string());
        self.ask(Method::PATCH, &path, change, 200).await.map(drop)
    }

    /// How a destination stands by now.
    pub(crate) async fn standing(&mut self, account: &str, destination: &str) -> Result<Standing> {
        let view = self.get(&format!("/manage/v1/accounts/{account}/destinations/{destination}")).await?;
        standing_of(&view)
    }

    /// How all destinations of an account stand by now.
    pub(crate) async fn standings(&mut self, account: &str) -> Result<Vec<Standing>> {
        let views = self.get(&format!("/manage/v1/accounts/{account}/destinations")).await?;
        views.as_array().context("destinations are a list")?.iter().map(standing_of).collect()
    }

    async fn get(&mut self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, Bytes::new(), 200).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::POST, path, Bytes::from(body.to_string()), 201).await
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes, status: u16) -> Result<Value> {
        // The hub closes connections that are idle for long.
        if self.connection.is_closed() {
            self.connection = self.server.connect().await?;
        }
        let purpose = format!("{method} {path}");
        let uri = Uri::try_from(path).context("name a path")?;
        let call = Call { method, ..Call::post(uri, self.authorization.clone(), body) };
        let body = self.connection.send(call).await?.expect(status).context(purpose)?;
        serde_json::from_slice(&body).context("read the hub's answer")
    }
}

fn standing_of(view: &Value) -> Result<Standing> {
    let streams = view["streams"].as_array().context("a destination has streams")?;
    let sum = |name: &str| streams.iter().filter_map(|stream| stream[name].as_u64()).sum();
    let reasons = streams.iter().filter_map(|stream| stream["reason"].as_str()).filter(|reason| !reason.is_empty());
    let said = std::iter::once(text(view, "status")?.as_str()).chain(reasons).collect::<Vec<_>>().join(": ");
    let dead_letters = view["dead_letters"].as_u64().unwrap_or_default();
    Ok(Standing { behind: sum("behind"), settled: sum("position"), dead_letters, said })
}

fn bearer(token: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(format!("Bearer {token}")).context("put a token in a header")
}

fn text(value: &Value, name: &str) -> Result<String> {
    Ok(value[name].as_str().with_context(|| format!("the hub's answer has no {name}"))?.to_owned())
}
