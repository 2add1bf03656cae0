//! `test`: everything that CI runs, in order, stopping at the first failure.

use std::{env, ffi::OsStr, path::Path, process::Command, time::Instant};

use anyhow::{Context, bail};

use crate::{collectors, install, postgres::PostgresServer, receivers, web, workspace::cargo};

const POSTGRES_VARIABLE: &str = "DAYBOOK_TEST_POSTGRES";
/// The folder of the collectors' programs.
const COLLECTORS_VARIABLE: &str = "DAYBOOK_TEST_COLLECTORS";
/// The folder of the receivers' programs.
const RECEIVERS_VARIABLE: &str = "DAYBOOK_TEST_RECEIVERS";

/// Runs all steps; with a filter, only the tests that it names.
///
/// # Errors
///
/// Something is missing, or a step fails; the text names the step.
pub(crate) fn test(filter: &[String]) -> anyhow::Result<()> {
    let started = Instant::now();
    install::install_for_tests()?;
    web::install()?;
    if filter.is_empty() {
        step("format", cargo()?.args(["fmt", "--all", "--check"]))?;
        step("lints", cargo()?.args(["clippy", "--workspace", "--all-targets", "--", "--deny=warnings"]))?;
        let mut doc = cargo()?;
        doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny=warnings");
        step("docs", &mut doc)?;
    }
    test_with_postgres(filter)?;
    if filter.is_empty() {
        let [mut build, mut tests] = web::tests()?;
        step("the browser tests' binary", &mut build)?;
        step("browser tests", &mut tests)?;
    }
    eprintln!("== all steps passed in {} s", started.elapsed().as_secs());
    Ok(())
}

/// The server of the variable where it is set, one of our own otherwise.
fn test_with_postgres(filter: &[String]) -> anyhow::Result<()> {
    let mut tests = cargo()?;
    // Without arguments cargo tests every package too, but `--workspace` would overrule a `--package` of the filter.
    tests.env(COLLECTORS_VARIABLE, collectors::install()?).env(RECEIVERS_VARIABLE, receivers::install()?);
    tests.arg("test").args(if filter.is_empty() { &["--workspace"][..] } else { &[] }).args(filter);
    if env::var_os(POSTGRES_VARIABLE).is_some() {
        return step("tests", &mut tests);
    }
    let server = PostgresServer::start().context("the step before the tests failed")?;
    eprintln!("== PostgreSQL for the tests: {}", server.url());
    step("tests", tests.env(POSTGRES_VARIABLE, server.url()))
}

fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let line = line_of(command);
    eprintln!("== {name}: {line}");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!(
            "step `{name}` failed after {} s: fix what it says above, or repeat it with {line}",
            started.elapsed().as_secs()
        );
    }
    eprintln!("== {name}: passed in {} s", started.elapsed().as_secs());
    Ok(())
}

fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    arguments.fold(program.to_string_lossy().into_owned(), |line, argument| format!("{line} {argument}"))
}
