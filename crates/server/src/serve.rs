//! The composition root: from a configuration to a hub that serves, and back down again.

use std::{
    collections::BTreeSet,
    io::{IsTerminal, Write},
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use daybook_events::{Clock, CursorSealer, HubGrant, SystemClock, random_upper_id};
use daybook_store::{Attendance, Catalog, CursorStore, Database, DatabaseOptions, EventLog, EventLogOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    background::Background,
    config::{Config, parse_public_url},
    connectors::{self, RedactionKeys},
    console::{Doors, ensure_setup_link},
    data_dir::{DataDir, ServerFile},
    events_api::RateLimits,
    ingest::{Acks, Budget, Room},
    listener,
    master_key::{KeyPlace, attend},
    own_requests,
    pressure::Pressure,
    router::router,
    state::{App, Parts},
    tls::Certificates,
    tokens::{Authenticator, Keyring, SecretSealer, digest_of, hub_key},
    workers::{Board, TokenUses, Workers},
};

const HUB: HubGrant = HubGrant::of_the_hub_itself();
const MIB: usize = 1 << 20;

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
///
/// The hub cannot start: the data directory is in use, the address is taken, the store cannot be reached, its secrets
/// were sealed with another key, the certificate cannot be used.
pub async fn serve(config: Config, data_dir: PathBuf) -> Result<()> {
    prepare_process();
    let data_dir = DataDir::hold(&data_dir)?;
    let metrics =
        metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().context("start collecting metrics")?;
    let listener = bind(&config.server.listen)?;
    let address = listener.local_addr().context("ask for the address of the listener")?;
    let place = Place::of(&config, address);

    let certificates = Certificates::of(&config.tls, data_dir.path(), place.names());
    let ca_file = certificates.ca_file().filter(|_| !config.server.plain_http);
    let (app, attendance) = open(config, &data_dir, (&place, ca_file), metrics).await?;
    connectors::seal_what_became_secret(&app).await?;
    connectors::take_configured(&app).await?;
    let workers = Workers::start(&app);
    let stopped = listener::start(listener, &app, router(&app), certificates, &place.scheme)?;
    // A certificate of the user's own is for the public name, not for the address.
    let has_own_certificate = !app.config.server.plain_http && stopped.ca_file.is_none();
    let setup_link = ensure_setup_link(&app).await?;
    data_dir.announce(&ServerFile {
        url: if has_own_certificate { app.public_url() } else { place.local_url.clone() },
        ca: stopped.ca_file.clone(),
        pid: std::process::id(),
        public_url: app.public_url(),
        started_at: app.started_at.to_string(),
    })?;
    tracing::info!(
        url = place.local_url,
        public_url = app.public_url(),
        data_dir = %data_dir.path().display(),
        store = ?app.config.store.url,
        "Daybook is ready"
    );
    if let Some(link) = setup_link {
        tell_setup_link(&link, &data_dir.path().join("setup.link"));
    }

    let outcome = tokio::select! {
        outcome = stopped.wait() => outcome,
        outcome = attend(&app, attendance) => outcome,
        () = told_to_stop() => Ok(()),
    };
    tracing::info!("shutting down; requests under way are finished first");
    data_dir.retract();
    stopped.shut_down(Duration::from_secs(app.config.server.shutdown_secs)).await;
    workers.stop().await;
    app.log.close().await;
    app.database.close().await;
    tracing::info!("Daybook has stopped");
    outcome
}

/// A set-up link is a secret for a quarter of an hour: it goes into a file and onto a terminal, never into a log.
fn tell_setup_link(link: &str, file: &Path) {
    tracing::info!(file = %file.display(), "nobody can sign in yet; the link in the file makes the first owner, within 15 minutes");
    let mut terminal = std::io::stdout();
    if terminal.is_terminal() {
        // Nobody reads along any more: the file is there.
        let _ = writeln!(terminal, "\nCreate the owner of this hub:\n\n  {link}\n");
    }
}

/// Files are this user's alone, and there may be as many connections as the system lets us have.
fn prepare_process() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// Where the hub is, from inside and from outside.
struct Place {
    scheme: String,
    /// `https://127.0.0.1:8443`
    local_url: String,
    /// The address of `local_url`.
    local_ip: IpAddr,
    /// What browsers use, which differs behind a proxy.
    public_scheme: String,
    /// `host[:port]`, for tokens.
    public_host: String,
}

impl Place {
    fn of(config: &Config, address: SocketAddr) -> Self {
        let scheme = if config.server.plain_http { "http" } else { "https" };
        let reachable = if address.ip().is_unspecified() {
            SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port())
        } else {
            address
        };
        let given = parse_public_url(&config.server.public_url);
        let public_scheme = given.map_or(scheme, |(scheme, _)| scheme).to_owned();
        let given = given.map(|(_, host)| host.to_owned());
        Self {
            public_scheme,
            scheme: scheme.to_owned(),
            local_url: format!("{scheme}://{reachable}"),
            local_ip: reachable.ip(),
            public_host: given.unwrap_or_else(|| format!("localhost:{}", address.port())),
        }
    }

    /// The names and addresses that a certificate has to be for, the public one last.
    fn names(&self) -> Vec<String> {
        let public = self.public_name().to_owned();
        let local = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), self.local_ip.to_string()];
        let names: BTreeSet<String> = local.into_iter().filter(|name| *name != public).collect();
        names.into_iter().chain([public]).collect()
    }

    /// Whether browsers reach it by TLS under a name that is nobody else's.
    fn is_known_by_name(&self) -> bool {
        let name = self.public_name();
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        !is_address && name != "localhost" && !name.ends_with(".localhost") && self.public_scheme == "https"
    }

    /// The public host without its port, as a certificate names it.
    fn public_name(&self) -> &str {
        let host = &self.public_host;
        if let Some(end) = host.strip_prefix('[').and_then(|rest| rest.find(']')) {
            return &host[1..=end];
        }
        host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name)
    }
}

fn bind(listen: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(listen).with_context(|| {
        format!("listen on {listen}: is another program there? choose another address with --listen (port 0 finds a free one)")
    })?;
    listener.set_nonblocking(true).context("prepare the listener")?;
    Ok(listener)
}

async fn open(
    config: Config,
    data_dir: &DataDir,
    (place, ca_file): (&Place, Option<PathBuf>),
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> Result<(App, Attendance)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = Database::open(database_options(&config, data_dir.path())).await?;
    let log = EventLog::open(database.clone(), Arc::clone(&clock), log_options(&config));
    let catalog = Catalog::new(database.clone(), Arc::clone(&clock));
    let owner = format!("{}-{}", std::process::id(), random_upper_id());
    let cursors = CursorStore::new(database.clone(), Arc::clone(&clock), owner);

    let attendance = Attendance::begin(&database).await?;
    let sealer = open_sealer(&config, data_dir, &catalog).await?;
    let keyring = Keyring::open(catalog.clone(), sealer.clone(), Arc::clone(&clock), HUB).await?;
    // Clients keep their cursors for ever, and receivers their hashes: these keys are for the life of the store.
    let cursor_sealer = CursorSealer::new(&hub_key(&catalog, &sealer, "cursor key").await?);
    let redaction_keys = RedactionKeys::new(&hub_key(&catalog, &sealer, "redaction key").await?);
    let token = data_dir.administration_token()?;
    let node = data_dir.path().display().to_string();
    catalog.add_administration_token(HUB, &digest_of(&token), &node).await?;

    let host = (place.public_host.as_str(), config.server.plain_http);
    let doors = Doors::open(&catalog, &sealer, host).await?;
    let wait = Duration::from_secs(config.ingest.wait_secs);
    let mark = own_requests::mark(&hub_key(&catalog, &sealer, "hub mark").await?);
    let connector_context =
        connectors::context(&config.connectors, data_dir.path(), (&place.public_host, mark), Arc::clone(&clock));
    let pressure = Pressure::new();
    let background = Background::start(config.workers.delivery_niceness, pressure.clone());
    let background = background.context("start the threads of deliveries")?;
    let app = App(Arc::new(Parts {
        background,
        pressure,
        authenticator: Authenticator::new(keyring.clone(), catalog.clone(), Arc::clone(&clock)),
        rate_limits: RateLimits::of(&config.events_api),
        ingest_budget: Budget::new(config.ingest.in_flight_mib_max, config.ingest.body_mib_max, wait),
        room: Room::default(),
        acks: Acks::default(),
        token_uses: TokenUses::default(),
        secret_sealer: sealer,
        redaction_keys,
        connector_context,
        board: Board::default(),
        connectors_changed: tokio::sync::watch::Sender::new(()),
        doors,
        setup_link_file: data_dir.setup_link_file(),
        public_host: place.public_host.clone(),
        trusted_proxies: config.server.trusted_proxies.parse()?,
        ca_file,
        is_known_by_name: place.is_known_by_name(),
        started_at: clock.now(),
        openapi: std::sync::OnceLock::new(),
        config,
        clock,
        database,
        log,
        cursors,
        catalog,
        keyring,
        cursor_sealer,
        metrics,
    }));
    Ok((app, attendance))
}

pub(crate) fn database_options(config: &Config, data_dir: &Path) -> DatabaseOptions {
    let url = config.store.url.expose();
    let mut options = if url.is_empty() { DatabaseOptions::sqlite(data_dir) } else { DatabaseOptions::postgres(url) };
    options.reader_connections_max = config.store.reader_connections_max;
    options.writer_connections_max = config.store.writer_connections_max;
    options
}

fn log_options(config: &Config) -> EventLogOptions {
    EventLogOptions {
        append_queue_max: config.store.append_queue_max,
        cache_bytes: config.store.cache_mib * MIB,
        page_bytes_max: config.events_api.page_mib_max * MIB,
        page_blocks_max: config.events_api.page_blocks_max,
        idempotency_window: Duration::from_secs(config.ingest.idempotency_hours * 3600),
        ..EventLogOptions::default()
    }
}

/// What seals and opens the store's secrets. The node attends by now: nobody rotates the master key meanwhile.
async fn open_sealer(config: &Config, data_dir: &DataDir, catalog: &Catalog) -> Result<SecretSealer> {
    let place = KeyPlace::of(&config.security, data_dir.path());
    let key = place.open(&catalog.list_sealed(HUB).await?)?.key;
    tracing::info!(master_key.id = key.id(), "the store's secrets open");
    Ok(key.sealer())
}

async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be received; stop the process by other means");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

impl Parts {
    /// `https://host[:port]`, where clients reach the hub.
    pub(crate) fn public_url(&self) -> String {
        let plain = self.config.server.public_url.starts_with("http:")
            || (self.config.server.public_url.is_empty() && self.config.server.plain_http);
        format!("{}://{}", if plain { "http" } else { "https" }, self.public_host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn place(public_url: &str, listen: &str) -> Place {
        let overrides = Overrides { public_url: Some(public_url.into()), ..Overrides::default() };
        Place::of(&Config::load(&overrides).unwrap(), listen.parse().unwrap())
    }

    #[test]
    fn the_public_host_is_what_was_said_or_localhost() {
        assert_eq!(place("", "127.0.0.1:9").public_host, "localhost:9");
        let named = place("https://events.acme.example", "0.0.0.0:8443");
        assert_eq!((named.public_host.as_str(), named.public_name()), ("events.acme.example", "events.acme.example"));
        assert_eq!(named.local_url, "https://127.0.0.1:8443");
        assert_eq!(place("https://[2001:db8::1]:443", "[::1]:1").public_name(), "2001:db8::1");
        assert_eq!(place("https://acme.example:8443/", "[::1]:1").public_name(), "acme.example");
    }
}
