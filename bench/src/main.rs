//! Measures Daybook on this machine, through HTTPS as its users do: `make bench`, `make bench ARGS=--help`.
//!
//! ```text
//!  corpus (a simulated company) ─▶ load: producers, readers ─▶ client ═HTTPS═▶ hub (child process) ─▶ disk
//!                                        │                        ╚══════════▶ nginx, the limit beside reading
//!                                        │ load: sink ◀── HTTP ── hub (child process)
//!                                        ▼
//!                            measure/*: one question each ─▶ figures ─▶ report, beside targets and limits
//! ```
//!
//! What it promises: fixed seeds, a bound on every load, no process and no file left behind. What it leaves to others:
//! building the program that it measures, and keeping the machine otherwise idle.
#![allow(clippy::print_stderr, reason = "it talks to the person at the terminal")]

mod bench;
mod client;
mod conditions;
mod corpus;
mod figure;
mod hub;
mod load;
mod manage;
mod measure;
mod network;
// One file of the testkit, included instead of depended on: the testkit is for tests, and brings an HTTP client.
#[allow(dead_code, unreachable_pub, reason = "a file of daybook-testkit, where all of it is used and public")]
#[path = "../../crates/testkit/src/postgres.rs"]
mod postgres;
mod process;
mod report;
mod samples;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    bench::{Bench, Scale, Store},
    corpus::{BATCH_EVENTS, Corpus},
    measure::Measurement,
    report::Report,
};

/// Measures Daybook on this machine.
#[derive(Debug, Parser)]
#[command(name = "daybook-bench")]
struct Arguments {
    /// Only these measurements; everything without it.
    #[arg(long, value_name = "NAME")]
    only: Vec<Measurement>,
    /// Small sizes: to see that everything works, not for figures.
    #[arg(long)]
    quick: bool,
    /// Ingest, read-out and visibility on PostgreSQL too.
    #[arg(long)]
    postgres: bool,
    /// In a network of its own whose loopback uses cubic: for systems with BBR, which holds back pages on loopback. Needs
    /// root.
    #[arg(long)]
    cubic: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Write the table into this Markdown file, between its marks.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// The program to measure; `daybook` beside this one without it.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where data directories are made, on a real disk; `target/bench` without it.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<bool> {
    if arguments.cubic {
        network::enter_own()?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the load generator")?;
    runtime.block_on(async {
        let stop = told_to_stop()?;
        tokio::select! {
            result = Box::pin(run(arguments)) => result,
            () = stop => Err(anyhow::anyhow!("stopped; nothing is left behind")),
        }
    })
}

/// Measures, prints, and tells whether everything could be measured.
async fn run(arguments: Arguments) -> Result<bool> {
    let binary = arguments.binary.clone().map_or_else(|| beside_this_program("daybook"), Ok)?;
    ensure!(
        binary.is_file(),
        "{} is not there: build it with `make bench`, or name it with --binary",
        binary.display()
    );
    let scale = if arguments.quick { Scale::QUICK } else { Scale::FULL };
    let parent = arguments.directory.clone().map_or_else(|| beside_this_program("../bench"), Ok)?;
    fs::create_dir_all(&parent).with_context(|| format!("make {}", parent.display()))?;
    let directory =
        tempfile::Builder::new().prefix("run-").tempdir_in(&parent).context("make a directory for the run")?;
    let mut conditions = conditions::observe(directory.path())?;
    let corpus = Corpus::generate(scale.events).context("make the events to send")?;
    let bytes = corpus.bytes() / corpus.events();
    conditions.push((
        "events",
        format!(
            "{} of a simulated company, {bytes} bytes of JSON each, batches and pages of {BATCH_EVENTS}",
            corpus.events()
        ),
    ));
    conditions.push(("load", format!("{} connections, kept alive, TLS 1.3, on this machine", bench::CONNECTIONS)));

    let mut bench = Bench::new(scale, corpus, binary, directory);
    let mut report = Report { conditions, figures: Vec::new(), failures: Vec::new() };
    let stores: &[Store] = if arguments.postgres { &[Store::Sqlite, Store::Postgres] } else { &[Store::Sqlite] };
    for (measurement, store) in measure::plan(&arguments.only, stores) {
        let name = format!("{measurement:?} on {store:?}");
        eprintln!("== {name}");
        let started = Instant::now();
        if let Err(error) = Box::pin(measure::measure(&mut bench, measurement, store)).await {
            eprintln!("== {name}: {error:#}\n{}", bench.logs());
            report.failures.push((name.clone(), format!("{error:#}")));
        }
        eprintln!("== {name}: {:.1} s", started.elapsed().as_secs_f64());
    }
    report.figures = std::mem::take(&mut bench.figures);
    print(&report, &arguments)?;
    Ok(report.failures.is_empty())
}

fn print(report: &Report, arguments: &Arguments) -> Result<()> {
    if arguments.json {
        println!("{:#}", report.json());
    } else {
        println!("\n{}", report.text());
    }
    arguments.markdown.as_deref().map_or(Ok(()), |path| report.write_into(path))
}

/// A path relative to the directory of this program.
fn beside_this_program(name: &str) -> Result<PathBuf> {
    let program = env::current_exe().context("find this program")?;
    Ok(program.parent().unwrap_or(Path::new("/")).join(name))
}

/// Listens for SIGTERM and Ctrl-C from now on; the future ends with the first.
fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
