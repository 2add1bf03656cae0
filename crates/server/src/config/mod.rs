//! The configuration: built-in defaults, a file, the environment, flags, in this order of growing weight.
//!
//! `config/daybook.toml` is the reference and the built-in default in one. Unknown keys are refused, and everything that
//! is wrong is told at once.

mod validate;

use std::path::{Path, PathBuf};

use daybook_store::Direction;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

use crate::connectors::ConfiguredConnector;

pub(crate) use validate::parse_public_url;
pub use validate::{Problem, Problems};

/// The reference configuration, comments and all.
pub const REFERENCE: &str = include_str!("../../../../config/daybook.toml");

/// Every option. The units, ranges and meanings stand in the reference.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each option is described once, in the reference")]
pub struct Config {
    pub server: Server,
    pub tls: Tls,
    pub store: Store,
    pub security: Security,
    pub events_api: EventsApi,
    pub ingest: Ingest,
    pub workers: Workers,
    pub connectors: Connectors,
    pub console: Console,
    pub logs: Logs,
}

macro_rules! section {
    ($name:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        #[doc = concat!("The section of the configuration that ", stringify!($name), " names; see the reference.")]
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "each option is described once, in the reference")]
        pub struct $name {
            $(pub $field: $kind),+
        }
    };
}

section!(Server {
    listen: String,
    public_url: String,
    plain_http: bool,
    plain_http_anywhere: bool,
    trusted_proxies: String,
    connections_max: usize,
    header_timeout_secs: u64,
    body_timeout_secs: u64,
    shutdown_secs: u64,
});
section!(Tls { certificate_file: PathBuf, key_file: PathBuf, reload_secs: u64 });
section!(Store {
    url: StoreUrl,
    reader_connections_max: u32,
    writer_connections_max: u32,
    cache_mib: usize,
    append_queue_max: usize,
});
section!(Security { master_key_file: PathBuf, master_key: Secret });
section!(EventsApi {
    requests_per_minute: u32,
    requests_per_hour: u32,
    window_days: u32,
    page_mib_max: usize,
    page_blocks_max: usize,
});
section!(Ingest {
    body_mib_max: usize,
    body_events_max: usize,
    in_flight_mib_max: usize,
    wait_secs: u64,
    idempotency_hours: u64,
});
section!(Workers { pack_secs: u64, retention_secs: u64, lease_secs: u64, token_use_secs: u64, delivery_niceness: u8 });
section!(Connectors {
    per_account_max: usize,
    batches_mib_max: usize,
    allow_networks: String,
    file_directories: Vec<PathBuf>,
    sources: Vec<ConfiguredConnector>,
    destinations: Vec<ConfiguredConnector>,
});
section!(Console { session_hours: u64, idle_minutes: u64, invitation_days: u64 });
section!(Logs { format: LogFormat, level: String });

impl Connectors {
    /// Those of a direction that are set up from the file.
    #[must_use]
    pub fn of(&self, direction: Direction) -> &[ConfiguredConnector] {
        match direction {
            Direction::Source => &self.sources,
            Direction::Destination => &self.destinations,
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where the store is; it may hold a password, and prints without it.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// The URL, password and all.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_empty() { "sqlite" } else { "postgres://[secret]" })
    }
}

/// A secret in the configuration, which never prints.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    #[cfg(test)]
    pub(crate) fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself; empty if there is none.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_empty() { "none" } else { "[secret]" })
    }
}

/// Flags of the command line that stand for options.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Overrides {
    /// Configuration file; without it the built-in defaults hold
    #[arg(long, env = "DAYBOOK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// How clients reach this hub, https://host or https://host:port
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// `sqlite`, or postgres://user:password@host:port/database
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Config {
    /// Reads the configuration and checks it.
    ///
    /// # Errors
    ///
    /// Every problem at once, each with its path.
    pub fn load(overrides: &Overrides) -> Result<Self, Problems> {
        let mut figment = Figment::from(Toml::string(REFERENCE));
        if let Some(file) = &overrides.config {
            if !file.is_file() {
                return Err(Problems::of(Problem::new(&file.display().to_string(), "there is no such file")));
            }
            figment = figment.merge(Toml::file(file));
        }
        // A variable with two underscores names an option; others, such as DAYBOOK_TOKEN, are for the command line.
        figment = figment.merge(Env::prefixed("DAYBOOK_").filter(|key| key.as_str().contains("__")).split("__"));
        let flags = [
            ("server.listen", overrides.listen.as_deref()),
            ("server.public_url", overrides.public_url.as_deref()),
            ("store.url", overrides.store.as_deref().map(|url| if url == "sqlite" { "" } else { url })),
        ];
        for (path, value) in flags {
            if let Some(value) = value {
                figment = figment.merge(Serialized::default(path, value));
            }
        }
        let config: Self = figment.extract().map_err(Problems::of_figment)?;
        config.validate()?;
        Ok(config)
    }
}

/// Where Daybook keeps its files when nobody says: `$XDG_DATA_HOME/daybook`, or `~/.local/share/daybook`.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| Path::new("/var/lib").to_owned())
        .join("daybook")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let overrides = Overrides { config: Some(file.path().to_owned()), ..Overrides::default() };
        Config::load(&overrides).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_reference_is_a_valid_configuration() {
        let config = Config::load(&Overrides::default()).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:8443");
        assert_eq!(config.events_api.requests_per_hour, 30_000);
    }

    #[test]
    fn a_file_needs_only_what_differs_and_flags_win() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[server]\nlisten = \"127.0.0.1:1\"\n[logs]\nformat = \"json\"").unwrap();
        let overrides = Overrides {
            config: Some(file.path().to_owned()),
            listen: Some("127.0.0.1:2".into()),
            ..Overrides::default()
        };
        let config = Config::load(&overrides).unwrap();
        assert_eq!((config.server.listen.as_str(), config.logs.format), ("127.0.0.1:2", LogFormat::Json));
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_refused_by_name() {
        assert!(load("[server]\nlissten = 1").unwrap_err().contains("lissten"));
        assert!(load("[events_api]\nrequests_per_minute = \"many\"").unwrap_err().contains("requests_per_minute"));
        assert!(load("[server").is_err());
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_path() {
        let problems = load(
            "[server]\nlisten = \"nowhere\"\npublic_url = \"ftp://x\"\nconnections_max = 0\n\
             [tls]\ncertificate_file = \"/a.pem\"\n[store]\nurl = \"mysql://x\"\n[workers]\nlease_secs = 1",
        )
        .unwrap_err();
        for path in [
            "server.listen",
            "server.public_url",
            "server.connections_max",
            "tls.key_file",
            "store.url",
            "workers.lease_secs",
        ] {
            assert!(problems.contains(path), "{path} in {problems}");
        }
    }

    #[test]
    fn connectors_that_cannot_be_are_named_with_their_place() {
        let one = |list: &str, name: &str, kind: &str| {
            format!("[[connectors.{list}]]\naccount = \"Acme\"\nname = \"{name}\"\nkind = \"{kind}\"\n")
        };
        let (mirror, file) = (one("sources", "Mirror", "upstream"), one("destinations", "Mirror", "file"));
        load(&format!("{mirror}{file}")).unwrap();
        let problems = [
            one("sources", "One", "webhook"),
            one("sources", " ", "file"),
            mirror.clone(),
            mirror + "settings = { token = \"hush-hush\" }\n",
            one("destinations", "Two", "upstream"),
        ];
        let problems = load(&problems.concat()).unwrap_err();
        for part in [
            "connectors.sources[0].kind: \"webhook\" is no kind of source",
            "connectors.sources[1].name: must be 1 to 100",
            "connectors.sources[3].name: stands in this file twice",
            "connectors.sources[3].settings: token is a secret: put it into a file",
            "connectors.destinations[0].kind: \"upstream\" is no kind of destination",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
        assert!(!problems.contains("hush-hush"), "{problems}");
    }

    #[test]
    fn plain_http_stays_on_loopback_unless_forced() {
        let text = "[server]\nplain_http = true\nlisten = \"0.0.0.0:80\"\n";
        assert!(load(text).unwrap_err().contains("server.plain_http"));
        assert!(load(&format!("{text}plain_http_anywhere = true")).is_ok());
        assert!(load("[server]\nplain_http = true").is_ok());
    }

    #[test]
    fn a_master_key_is_one_does_not_print_and_stands_alone() {
        let key = "A".repeat(51) + "Q";
        let given = format!("[security]\nmaster_key = \"{key}\"\n");
        let config = load(&given).unwrap();
        assert_eq!(config.security.master_key.expose(), key);
        assert!(!format!("{config:?}").contains(&key) && format!("{config:?}").contains("[secret]"));
        let refused = load(&format!("{given}master_key_file = \"/etc/daybook/master.key\"")).unwrap_err();
        assert!(refused.contains("security.master_key: stands beside security.master_key_file"), "{refused}");
        let refused = load("[security]\nmaster_key = \"hunter2\"").unwrap_err();
        assert!(refused.contains("security.master_key: must be 32 bytes in base32"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn the_password_of_the_store_does_not_print() {
        let config = load("[store]\nurl = \"postgres://u:hunter2@db/x\"").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
