//! What must hold of a configuration beyond its types, all of it told at once.

use std::{fmt, net::SocketAddr, ops::RangeInclusive};

use daybook_connectors::Setting;
use daybook_events::Networks;
use daybook_store::Direction;

use super::Config;
use crate::{
    connectors::{AnyKind, ConfiguredConnector},
    manage::check_name,
    master_key::MasterKey,
};

/// One thing wrong with one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: String,
    reason: String,
}

/// Everything wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl std::error::Error for Problems {}

impl Problem {
    pub(super) fn new(path: &str, reason: &str) -> Self {
        Self { path: path.to_owned(), reason: reason.to_owned() }
    }
}

impl Problems {
    pub(super) fn of(problem: Problem) -> Self {
        Self(vec![problem])
    }

    pub(super) fn of_figment(error: figment::Error) -> Self {
        let problem = |error: figment::Error| {
            let place = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref()).map(ToString::to_string);
            let path = if error.path.is_empty() { place.unwrap_or_default() } else { error.path.join(".") };
            Problem { path, reason: error.kind.to_string() }
        };
        Self(error.into_iter().map(problem).collect())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration has {} problem(s)", self.0.len())?;
        for Problem { path, reason } in &self.0 {
            write!(formatter, "\n  {path}: {reason}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Checks ranges and what options demand of one another.
    pub(super) fn validate(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        self.check_server(&mut problems);
        self.check_files(&mut problems);
        self.check_master_key(&mut problems);
        self.check_connectors(&mut problems);
        self.check_ranges(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    fn check_server(&self, problems: &mut Vec<Problem>) {
        let listen = self.server.listen.parse::<SocketAddr>();
        if listen.is_err() {
            problems.push(Problem::new("server.listen", "must be address:port, such as 127.0.0.1:8443 or [::]:8443"));
        }
        let on_loopback = listen.is_ok_and(|address| address.ip().is_loopback());
        if self.server.plain_http && !on_loopback && !self.server.plain_http_anywhere {
            problems.push(Problem::new(
                "server.plain_http",
                "tokens would cross the network readable; listen on 127.0.0.1, or set plain_http_anywhere = true",
            ));
        }
        if let Err(error) = self.server.trusted_proxies.parse::<Networks>() {
            problems.push(Problem::new("server.trusted_proxies", &error.to_string()));
        }
        if !self.server.public_url.is_empty() && parse_public_url(&self.server.public_url).is_none() {
            problems.push(Problem::new(
                "server.public_url",
                "must be https://host[:port] without a path, in ASCII, such as https://events.acme.example",
            ));
        }
    }

    fn check_files(&self, problems: &mut Vec<Problem>) {
        let given = |path: &std::path::Path| !path.as_os_str().is_empty();
        match (given(&self.tls.certificate_file), given(&self.tls.key_file)) {
            (true, false) => problems.push(Problem::new("tls.key_file", "is needed with tls.certificate_file")),
            (false, true) => problems.push(Problem::new("tls.certificate_file", "is needed with tls.key_file")),
            _ => {}
        }
        let url = self.store.url.expose();
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            problems.push(Problem::new(
                "store.url",
                "must be empty (SQLite) or postgres://user:password@host:port/database",
            ));
        }
        if tracing_subscriber::EnvFilter::try_new(&self.logs.level).is_err() {
            problems.push(Problem::new("logs.level", "must be error, warn, info, debug, trace, or log directives"));
        }
    }

    /// The key itself, or the file that has it.
    fn check_master_key(&self, problems: &mut Vec<Problem>) {
        let key = self.security.master_key.expose();
        if key.is_empty() {
            return;
        }
        if MasterKey::parse(key).is_none() {
            problems.push(Problem::new("security.master_key", "must be 32 bytes in base32 (52 characters)"));
        }
        if !self.security.master_key_file.as_os_str().is_empty() {
            problems.push(Problem::new(
                "security.master_key",
                "stands beside security.master_key_file: the key comes from one of the two, take the other out",
            ));
        }
    }

    /// Where they may go, and those that are set up from this file; whether their settings fit, shows when they are taken up.
    fn check_connectors(&self, problems: &mut Vec<Problem>) {
        if let Err(error) = self.connectors.allow_networks.parse::<Networks>() {
            problems.push(Problem::new("connectors.allow_networks", &error.to_string()));
        }
        if let Some(path) = self.connectors.file_directories.iter().find(|path| !path.is_absolute()) {
            let reason = format!("{} must be an absolute path", path.display());
            problems.push(Problem::new("connectors.file_directories", &reason));
        }
        for direction in [Direction::Source, Direction::Destination] {
            let all = self.connectors.of(direction);
            for (index, connector) in all.iter().enumerate() {
                let place = format!("connectors.{direction}s[{index}]");
                check_connector(&place, direction, connector, problems);
                let is_same = |other: &ConfiguredConnector| {
                    (&other.account, &other.name) == (&connector.account, &connector.name)
                };
                if all[..index].iter().any(is_same) {
                    problems.push(Problem::new(&format!("{place}.name"), "stands in this file twice for its account"));
                }
            }
        }
    }

    fn check_ranges(&self, problems: &mut Vec<Problem>) {
        let big = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let ranges: [(&str, u64, RangeInclusive<u64>); 23] = [
            ("server.connections_max", big(self.server.connections_max), 1..=100_000),
            ("server.header_timeout_secs", self.server.header_timeout_secs, 1..=300),
            ("server.body_timeout_secs", self.server.body_timeout_secs, 1..=3600),
            ("server.shutdown_secs", self.server.shutdown_secs, 0..=300),
            ("tls.reload_secs", self.tls.reload_secs, 1..=86_400),
            ("store.reader_connections_max", u64::from(self.store.reader_connections_max), 1..=200),
            ("store.writer_connections_max", u64::from(self.store.writer_connections_max), 1..=200),
            ("store.cache_mib", big(self.store.cache_mib), 1..=65_536),
            ("store.append_queue_max", big(self.store.append_queue_max), 1..=100_000),
            ("events_api.window_days", u64::from(self.events_api.window_days), 0..=36_500),
            ("events_api.page_mib_max", big(self.events_api.page_mib_max), 1..=64),
            ("events_api.page_blocks_max", big(self.events_api.page_blocks_max), 1..=10_000),
            ("ingest.body_mib_max", big(self.ingest.body_mib_max), 1..=256),
            ("ingest.body_events_max", big(self.ingest.body_events_max), 1..=1_000_000),
            (
                "ingest.in_flight_mib_max",
                big(self.ingest.in_flight_mib_max),
                big(self.ingest.body_mib_max.saturating_mul(2))..=65_536,
            ),
            ("ingest.wait_secs", self.ingest.wait_secs, 0..=60),
            ("ingest.idempotency_hours", self.ingest.idempotency_hours, 1..=720),
            ("console.session_hours", self.console.session_hours, 1..=720),
            ("console.idle_minutes", self.console.idle_minutes, 5..=43_200),
            ("console.invitation_days", self.console.invitation_days, 1..=90),
            ("workers.lease_secs", self.workers.lease_secs, 5..=3600),
            ("workers.delivery_niceness", u64::from(self.workers.delivery_niceness), 0..=19),
            ("workers.token_use_secs", self.workers.token_use_secs, 1..=600),
        ];
        let intervals = [
            ("connectors.batches_mib_max", big(self.connectors.batches_mib_max), 1..=65_536),
            ("connectors.per_account_max", big(self.connectors.per_account_max), 1..=10_000),
            ("workers.pack_secs", self.workers.pack_secs, 1..=3600),
            ("workers.retention_secs", self.workers.retention_secs, 1..=86_400),
        ];
        for (path, value, range) in ranges.into_iter().chain(intervals) {
            if !range.contains(&value) {
                problems.push(Problem::new(path, &format!("is {value}, must be {} to {}", range.start(), range.end())));
            }
        }
    }
}

fn check_connector(place: &str, direction: Direction, connector: &ConfiguredConnector, problems: &mut Vec<Problem>) {
    if let Err(error) = check_name(&connector.name) {
        let reason = error.message().trim_start_matches("name: ");
        problems.push(Problem::new(&format!("{place}.name"), reason));
    }
    match AnyKind::find(direction, &connector.kind) {
        Err(reason) => problems.push(Problem::new(&format!("{place}.kind"), &reason)),
        Ok(kind) => {
            let is_secret = |name: &str| kind.description().setting(name).as_ref().is_some_and(Setting::is_secret);
            for name in connector.settings.keys().filter(|name| is_secret(name)) {
                let reason = format!("{name} is a secret: put it into a file, and name that in secret_files");
                problems.push(Problem::new(&format!("{place}.settings"), &reason));
            }
        }
    }
}

/// The `host[:port]` of a public URL; `None` if it is not one that can stand in a token.
pub(crate) fn parse_public_url(url: &str) -> Option<(&str, &str)> {
    let (scheme, host) = url.trim_end_matches('/').split_once("://")?;
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    (matches!(scheme, "https" | "http") && plain && !host.is_empty()).then_some((scheme, host))
}
