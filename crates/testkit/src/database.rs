//! A fresh PostgreSQL database for one test, in the server that `make test` starts.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::postgres::find_programs;

const VARIABLE: &str = "DAYBOOK_TEST_POSTGRES";
const NOT_SET: &str =
    "DAYBOOK_TEST_POSTGRES is not set: run the tests with `make test`, or start a PostgreSQL and set it to its URL";

/// An empty database with a name of its own; dropping it drops the database, whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    programs: PathBuf,
    server_url: String,
    name: String,
}

impl TestDatabase {
    /// Makes a database in the server that `DAYBOOK_TEST_POSTGRES` names.
    ///
    /// # Panics
    ///
    /// The variable is not set (a test that needs PostgreSQL never skips), or the server refuses.
    #[must_use]
    pub fn create() -> Self {
        let server_url = env::var(VARIABLE).unwrap_or_else(|_| panic!("{NOT_SET}"));
        Self::create_in(&server_url)
    }

    /// Makes a database in the server with this URL.
    ///
    /// # Panics
    ///
    /// PostgreSQL's programs are not installed, or the server refuses.
    #[must_use]
    pub fn create_in(server_url: &str) -> Self {
        let programs = find_programs().unwrap_or_else(|error| panic!("{error}"));
        let name = format!("daybook_{}", daybook_events::random_lower_id());
        let server_url = server_url.to_owned();
        run(&programs, "createdb", &["--template=template0", "--maintenance-db", &server_url, &name]);
        Self { programs, server_url, name }
    }

    /// The URL of this database.
    #[must_use]
    pub fn url(&self) -> String {
        with_database(&self.server_url, &self.name)
    }

    /// The name of this database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs one SQL statement through `psql` and returns its rows, unaligned, fields parted by `|`.
    ///
    /// # Panics
    ///
    /// The statement fails.
    pub fn sql(&self, statement: &str) -> String {
        let arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command"];
        run(&self.programs, "psql", &[&arguments[..], &[statement, &self.url()]].concat())
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let mut command = Command::new(self.programs.join("dropdb"));
        command.args(["--force", "--if-exists", "--maintenance-db", &self.server_url, &self.name]);
        let _ = command.output();
    }
}

fn run(programs: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(programs.join(program)).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed: {said}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// The URL with its database replaced: everything between the slash after the host and the query.
fn with_database(server_url: &str, name: &str) -> String {
    let (address, query) = server_url.split_once('?').map_or((server_url, None), |(url, query)| (url, Some(query)));
    let host_start = address.find("://").map_or(0, |at| at + 3);
    let host_end = address[host_start..].find('/').map_or(address.len(), |at| host_start + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &address[..host_end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, expected) in [
            ("postgres://postgres@127.0.0.1:5432/postgres", "postgres://postgres@127.0.0.1:5432/fresh"),
            ("postgres://127.0.0.1:5432", "postgres://127.0.0.1:5432/fresh"),
            ("postgres://a:b@host/db?sslmode=disable", "postgres://a:b@host/fresh?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "fresh"), expected);
        }
    }
}
