//! The project's own commands, for people and for CI: `cargo run -p xtask -- COMMAND`, mostly through `make`.
//!
//! | command | what it does |
//! |---|---|
//! | `run`  | builds Daybook, starts it with a demo account and prints the address |
//! | `test` | runs everything that CI runs: format, lints, docs, tests with real databases, receivers, collectors, browser |
//! | `web`  | installs what the console takes from npm, which every build needs |
//!
//! What lives elsewhere: the rules that every file must keep are tests of this package (`tests/tidy`).
#![allow(clippy::print_stderr, reason = "these commands talk to the person at the terminal")]

mod ci;
mod collectors;
mod install;
// The launcher is one file of the testkit, included instead of depended on: `make run` on a fresh clone should not have
// to build the testkit's HTTP client first.
#[allow(dead_code, unreachable_pub, reason = "a file of daybook-testkit, where all of it is used and public")]
#[path = "../../crates/testkit/src/postgres.rs"]
mod postgres;
mod python;
mod receivers;
mod run;
mod web;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build Daybook, start it with a demo account, print the address; Ctrl-C stops it.
    Run {
        /// Where the demo keeps its data; an existing directory is continued.
        #[arg(long, default_value = "target/demo")]
        data_dir: PathBuf,
    },
    /// Run everything that CI runs; with arguments, only `cargo test` with these.
    Test {
        /// Arguments for `cargo test`, such as the name of a test.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Install what the console takes from npm, which every build needs; `run` and `test` do it too.
    Web,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run { data_dir } => run::run(&data_dir),
        Command::Test { filter } => ci::test(&filter),
        Command::Web => web::install(),
    };
    // Not by returning the error, which would print a backtrace of no use to the person at the terminal.
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
