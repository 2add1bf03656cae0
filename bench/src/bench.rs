//! What all measurements of a run share: sizes, events, a directory, and a hub filled once with all events.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{
    corpus::{Batch, Corpus},
    figure::Figure,
    hub::{Hub, Launch},
    load::producers::{self, Appended, Job},
    manage::{Account, Manager},
    postgres::PostgresServer,
};

/// Connections of producers, and readers.
pub(crate) const CONNECTIONS: usize = 8;
/// No single load lasts longer.
pub(crate) const LOAD_TIME_MAX: Duration = Duration::from_secs(20);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) events: usize,
    /// How long readers read, each way.
    pub(crate) read_time: Duration,
    pub(crate) idle_time: Duration,
    pub(crate) start_count: usize,
    pub(crate) visible_count: usize,
    pub(crate) mirrored_events: usize,
    /// How long the newest events are followed.
    pub(crate) follow_time: Duration,
    pub(crate) stream_count: usize,
    pub(crate) many_accounts: usize,
}

/// Which store a hub keeps its events in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

/// A hub that holds all events of the corpus in one account.
pub(crate) struct Filled {
    pub(crate) hub: Hub,
    pub(crate) account: Account,
    /// Feature and head of every stream, after filling.
    pub(crate) heads: Vec<(String, u64)>,
    /// Times that divide the largest stream into as many parts as there are readers.
    pub(crate) times: Vec<String>,
}

/// A run.
pub(crate) struct Bench {
    pub(crate) scale: Scale,
    pub(crate) corpus: Corpus,
    pub(crate) figures: Vec<Figure>,
    binary: PathBuf,
    hub_count: usize,
    filled: Vec<(Store, Filled)>,
    postgres: Option<PostgresServer>,
    // Dropped last: the hubs and the server above have files in it.
    directory: TempDir,
}

impl Scale {
    pub(crate) const FULL: Self = Self {
        events: 500_000,
        read_time: Duration::from_secs(8),
        idle_time: Duration::from_secs(5),
        start_count: 10,
        visible_count: 500,
        mirrored_events: 1_000_000,
        follow_time: Duration::from_secs(60),
        stream_count: 10_000,
        many_accounts: 300,
    };
    pub(crate) const QUICK: Self = Self {
        events: 40_000,
        read_time: Duration::from_secs(1),
        idle_time: Duration::from_secs(1),
        start_count: 3,
        visible_count: 40,
        mirrored_events: 40_000,
        follow_time: Duration::from_secs(5),
        stream_count: 320,
        many_accounts: 8,
    };
}

impl Bench {
    pub(crate) fn new(scale: Scale, corpus: Corpus, binary: PathBuf, directory: TempDir) -> Self {
        Self { scale, corpus, figures: Vec::new(), binary, hub_count: 0, filled: Vec::new(), postgres: None, directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn push(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// What the hubs have had to say: nothing, as a rule, as only warnings are logged.
    pub(crate) fn logs(&self) -> String {
        let entries = fs::read_dir(self.directory.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        let logs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        let texts = logs.filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)));
        texts.filter(|(_, text)| !text.is_empty()).map(|(path, text)| format!("{}:\n{text}", path.display())).collect()
    }

    /// How to start a hub on an empty data directory.
    pub(crate) fn launch(&mut self, store: Store) -> Result<Launch> {
        self.hub_count += 1;
        let data_dir = self.directory.path().join(format!("hub-{}", self.hub_count));
        let store_url = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(self.postgres_url()?),
        };
        Ok(Launch { binary: self.binary.clone(), data_dir, store_url, has_limits: false })
    }

    /// The hub with all events, filled at the first call.
    pub(crate) async fn filled(&mut self, store: Store) -> Result<&mut Filled> {
        if !self.filled.iter().any(|(own, _)| *own == store) {
            let launch = self.launch(store)?;
            let filled = fill(launch, &self.corpus).await.context("fill a hub with events")?;
            self.filled.push((store, filled));
        }
        let found = self.filled.iter_mut().find(|(own, _)| *own == store).map(|(_, filled)| filled);
        found.context("a hub was just filled")
    }

    /// The filled hub for good: a later call of [`Bench::filled`] fills another.
    pub(crate) async fn take_filled(&mut self, store: Store) -> Result<Filled> {
        self.filled(store).await?;
        let index = self.filled.iter().position(|(own, _)| *own == store).context("a hub was just filled")?;
        Ok(self.filled.remove(index).1)
    }

    pub(crate) fn put_filled(&mut self, store: Store, filled: Filled) {
        self.filled.push((store, filled));
    }

    /// One server for the run, and one hub on it: a second data directory could not open its secrets.
    fn postgres_url(&mut self) -> Result<String> {
        if self.postgres.is_none() {
            self.postgres = Some(PostgresServer::start().context("start PostgreSQL")?);
        }
        self.postgres.as_ref().map(PostgresServer::url).context("PostgreSQL was just started")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Hubs before the database that they use.
        self.filled.clear();
        self.postgres = None;
    }
}

async fn fill(launch: Launch, corpus: &Corpus) -> Result<Filled> {
    let hub = Hub::start(launch).await?;
    let mut manager = Manager::of(&hub).await?;
    let account = manager.add_account("Benchmark").await?;
    append_all(&hub, &corpus.warm_up, std::slice::from_ref(&account)).await?;
    append_all(&hub, &corpus.batches, std::slice::from_ref(&account)).await?;
    let heads = manager.heads(&account.uuid).await?;
    let times = corpus.times(CONNECTIONS)?;
    Ok(Filled { hub, account, heads, times })
}

/// Appends batches, to one account after the other.
pub(crate) async fn append_all(hub: &Hub, batches: &[Batch], accounts: &[Account]) -> Result<Appended> {
    append_rounds(hub, batches, accounts, 1).await
}

/// Appends all batches so many times: a longer load than the corpus is.
pub(crate) async fn append_rounds(
    hub: &Hub,
    batches: &[Batch],
    accounts: &[Account],
    rounds: usize,
) -> Result<Appended> {
    let batches = std::iter::repeat_n(batches, rounds).flatten();
    let tokens = accounts.iter().map(|account| &account.producer).cycle();
    let jobs = batches.zip(tokens).map(|(batch, token)| Job { batch: batch.clone(), authorization: token.clone() });
    producers::append(&hub.server, hub.pid(), jobs.collect(), CONNECTIONS, LOAD_TIME_MAX).await
}
