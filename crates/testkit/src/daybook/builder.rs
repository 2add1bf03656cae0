//! What to start: the binary, its data directory, store, configuration, arguments and variables.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::Daybook;

/// A server to be started. Without a data directory it gets a temporary one, without a store SQLite in that directory.
#[derive(Debug, Clone)]
pub struct DaybookBuilder {
    binary: PathBuf,
    // Holds the configuration file, and the data directory where the test named none.
    directory: Arc<TempDir>,
    data_dir: PathBuf,
    listen: String,
    store_url: Option<String>,
    config_path: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
    arguments: Vec<OsString>,
}

impl DaybookBuilder {
    pub(super) fn new(binary: PathBuf) -> Self {
        let directory = Arc::new(TempDir::new().unwrap());
        let data_dir = directory.path().join("data");
        Self {
            binary,
            directory,
            data_dir,
            listen: "127.0.0.1:0".to_owned(),
            store_url: None,
            config_path: None,
            variables: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// Keeps data here; the directory outlives the server.
    #[must_use]
    pub fn data_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = path.into();
        self
    }

    /// Listens on this address instead of a free port of 127.0.0.1.
    #[must_use]
    pub fn listen_on(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Stores in this database: `--store URL`.
    #[must_use]
    pub fn store_url(mut self, url: impl Into<String>) -> Self {
        self.store_url = Some(url.into());
        self
    }

    /// Reads this configuration: `--config FILE`.
    #[must_use]
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_path = Some(path.into());
        self
    }

    /// Reads a configuration with this text.
    ///
    /// # Panics
    ///
    /// The file cannot be written.
    #[must_use]
    pub fn config_text(self, toml: &str) -> Self {
        let path = self.directory.path().join("daybook.toml");
        fs::write(&path, toml).unwrap();
        self.config_file(path)
    }

    /// Sets a variable of its environment, for `serve` and for commands.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Adds an argument to `serve`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts the server and returns when it answers.
    ///
    /// # Panics
    ///
    /// It ends, or does not answer within 20 s; the message shows its log.
    #[must_use]
    pub fn start(self) -> Daybook {
        fs::create_dir_all(&self.data_dir).unwrap();
        Daybook::start(self)
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) fn listen(&self) -> &str {
        &self.listen
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter().map(|(name, value)| (name, value))
    }

    pub(super) fn serve_arguments(&self) -> Vec<OsString> {
        let option = |name: &str, value: OsString| [OsString::from(name), value];
        let store = self.store_url.iter().flat_map(|url| option("--store", url.into()));
        let config = self.config_path.iter().flat_map(|path| option("--config", path.into()));
        store.chain(config).chain(self.arguments.iter().cloned()).collect()
    }
}
