//! Connections to SQLite or PostgreSQL behind one type, and the tables they hold.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, SqlSafeStr,
    any::{AnyArguments, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
    query::Query,
};

use crate::{
    error::{Step, StoreError},
    sql::{MIGRATIONS, Statement},
};

/// Which engine keeps the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file in the data directory, one process.
    Sqlite,
    /// A server that several nodes share.
    Postgres,
}

/// Where the store is and how it is opened.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    location: Location,
    /// Connections that read, at the most.
    pub reader_connections_max: u32,
    /// Connections that write, at the most; SQLite always has one.
    pub writer_connections_max: u32,
    /// How long a statement waits for a connection before it gives up.
    pub connection_wait: Duration,
}

#[derive(Debug, Clone)]
enum Location {
    Sqlite(PathBuf),
    Postgres(String),
}

/// An open store.
#[derive(Debug, Clone)]
pub struct Database {
    backend: Backend,
    readers: AnyPool,
    writers: AnyPool,
    url: String,
}

impl DatabaseOptions {
    /// A SQLite store in `data_dir/daybook.db`.
    #[must_use]
    pub fn sqlite(data_dir: &Path) -> Self {
        Self::at(Location::Sqlite(data_dir.join("daybook.db")))
    }

    /// A PostgreSQL store, `postgres://user:password@host:port/database`.
    #[must_use]
    pub fn postgres(url: &str) -> Self {
        Self::at(Location::Postgres(url.to_owned()))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
            reader_connections_max: 4,
            writer_connections_max: 4,
            connection_wait: Duration::from_secs(10),
        }
    }
}

impl Location {
    fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                format!("sqlite://{path}?mode=rwc")
            }
            Self::Postgres(url) => url.clone(),
        }
    }

    /// The location as it may be shown: without user and password.
    fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => match url.split('?').next().unwrap_or_default().rsplit_once('@') {
                Some((_, host)) => format!("postgres://{host}"),
                None => url.split('?').next().unwrap_or_default().to_owned(),
            },
        }
    }
}

impl Database {
    /// Opens the store, making its tables or bringing them up to date.
    ///
    /// # Errors
    ///
    /// `Internal`: it cannot be reached, or its tables are of a later version than this program knows.
    pub async fn open(options: DatabaseOptions) -> Result<Self, StoreError> {
        // A second call finds the drivers installed, which is what it wants.
        let _ = sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]);
        let backend = options.location.backend();
        let url = options.location.url();
        let open = |connections_max: u32| {
            AnyPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(options.connection_wait)
                .before_acquire(|connection, _| {
                    // SQLite rolls back by itself when the disk is full, and the driver, which does not know, makes
                    // every later transaction a savepoint inside one that nobody commits: such a connection is closed.
                    Box::pin(async move { Ok(!connection.is_in_transaction()) })
                })
                .after_connect(move |connection, _| Box::pin(prepare_connection(backend, connection)))
        };
        let failed = |source| StoreError::Open { location: options.location.shown(), source };
        let writer_connections_max = if backend == Backend::Sqlite { 1 } else { options.writer_connections_max };
        let writers = open(writer_connections_max).connect(&url).await.map_err(failed)?;
        migrate(backend, &writers).await?;
        let readers = open(options.reader_connections_max).connect(&url).await.map_err(failed)?;
        Ok(Self { backend, readers, writers, url })
    }

    /// Which engine this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether it answers.
    ///
    /// # Errors
    ///
    /// `Unavailable`, or what the engine says.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.readers.execute("SELECT 1").await.step("ask the store for a sign of life").map(|_| ())
    }

    /// Closes every connection, after what runs on them has ended.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    pub(crate) fn readers(&self) -> &AnyPool {
        &self.readers
    }

    pub(crate) fn writers(&self) -> &AnyPool {
        &self.writers
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn query(&self, statement: Statement) -> Query<'static, Any, AnyArguments> {
        sqlx::query(statement.text(self.backend))
    }
}

/// SQLite: durable commits, readers beside the writer, a bounded journal. PostgreSQL: a bound on every statement.
async fn prepare_connection(backend: Backend, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let settings = match backend {
        Backend::Sqlite => {
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;
             PRAGMA wal_autocheckpoint = 2000; PRAGMA temp_store = MEMORY"
        }
        Backend::Postgres => "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'",
    };
    connection.execute(sqlx::raw_sql(settings)).await.map(|_| ())
}

async fn migrate(backend: Backend, pool: &AnyPool) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        let text = match backend {
            Backend::Sqlite => text.replace("BYTEA", "BLOB"),
            Backend::Postgres => (*text).to_owned(),
        };
        let text = AssertSqlSafe(text).into_sql_str();
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, text, false)
    });
    let migrator = Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT };
    migrator.run(pool).await.map_err(StoreError::Migrate)
}
