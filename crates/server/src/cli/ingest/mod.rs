//! `daybook ingest`: appends a file of events to a feature, and goes on where it was interrupted.
//!
//! Batches are sent one at a time, so that the stream has the order of the file. With `--follow` there is no end:
//! [`follow`] goes after a file and its rotation, [`pipe`] sends what comes through standard input as it comes.

mod follow;
mod input;
mod pipe;
mod progress;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use daybook_events::Feature;
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    input::{Batch, Input},
    progress::{Progress, Report},
};
use super::{
    GlobalOptions,
    appender::{Appender, Patience, digest},
    hub::{AccountOption, Hub},
    output::{print_json, print_line, say},
    own_token::{Purpose, own_token},
    token_options::{TokenOptions, client_with_token, roots_pem},
};

const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
const PATIENCE: Patience = Patience::For(Duration::from_secs(300));
const REJECTED_SHOWN_MAX: usize = 20;

/// Append events from a file or standard input
///
/// One JSON object a line (NDJSON); a file that is one JSON array of at most 16 MiB will do as well. After an
/// interruption the same command goes on where it stopped (FILE.daybook-progress remembers), and within 24 hours the
/// hub drops batches that it has already, also when the same file is given again. What the hub rejects is listed, and
/// the command ends with 1.
///
/// With --follow it goes on until Ctrl-C: with what is appended to the file, also after the file was rotated, or with what
/// comes through standard input, which is sent within a second. Where it is in the file is kept in
/// FILE.daybook-follow, or the file of --state; the same command goes on there and appends every line once.
///
/// With a token (--token, --token-file, or DAYBOOK_INGEST_TOKEN) the hub is the one that the token names, or --url.
/// Without one it is the hub of the data directory, for which the command keeps a token of its own.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook ingest auditevents events.ndjson
  zcat events.ndjson.gz | daybook ingest signinattempts -
  daybook ingest okta.system okta.ndjson --token-file okta.token

  daybook ingest itemusages - --json
  daybook ingest okta.system /var/log/okta.ndjson --follow --from-end
  journalctl -o json -f | daybook ingest host.journal - --follow")]
pub(super) struct Ingest {
    /// signinattempts, itemusages, auditevents, or another service's such as okta.system
    feature: Feature,
    /// The file, or - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Begin anew, whatever an earlier run has done
    #[arg(long)]
    restart: bool,
    /// Go on with what comes, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// With --follow: keep here how far it is, instead of FILE.daybook-follow
    #[arg(long, value_name = "PATH", requires = "follow")]
    state: Option<PathBuf>,
    /// With --follow, the first time: begin with what is to come
    #[arg(long, requires = "follow")]
    from_end: bool,
    #[command(flatten)]
    token: TokenOptions,
    #[command(flatten)]
    account: AccountOption,
}

pub(super) async fn run(global: &GlobalOptions, command: Ingest) -> Result<ExitCode> {
    let appender = match command.token.given("DAYBOOK_INGEST_TOKEN")? {
        Some(token) => {
            // The rules for where a token may be sent are the client's.
            let client = client_with_token(global, &token)?.build()?;
            Appender::new(client.base_url(), &token, &roots_pem(global)?, false)?
        }
        None => own_appender(global, &command).await.context(
            "no token was given (--token, --token-file or DAYBOOK_INGEST_TOKEN), so the hub was asked for one",
        )?,
    };
    let file = (command.file != Path::new("-")).then_some(command.file.as_path());
    if command.follow {
        let report = match file {
            Some(file) => Box::pin(follow::follow(&appender, &command, file)).await?,
            None => Box::pin(pipe::follow_stdin(&appender, &command.feature)).await?,
        };
        return end_with(global, &report);
    }
    if command.restart
        && let Some(file) = file
    {
        Progress::remove(file);
    }
    let mut work = Work::begin(&appender, &command.feature, file)?;
    let sent = work.send_all().await;
    let report = work.end(sent.is_ok());
    if sent.is_err() {
        print_report(global, &report)?;
    }
    sent.with_context(|| work_stopped(file))?;
    end_with(global, &report)
}

fn end_with(global: &GlobalOptions, report: &Report) -> Result<ExitCode> {
    print_report(global, report)?;
    Ok(if report.rejected_total == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn work_stopped(file: Option<&Path>) -> &'static str {
    match file {
        Some(_) => "not everything was sent; the same command goes on where it stopped",
        None => "not everything was sent; send all of it again within 24 hours, and the hub drops what it has already",
    }
}

/// An appender to the hub of the data directory with a token of our own.
async fn own_appender(global: &GlobalOptions, command: &Ingest) -> Result<Appender> {
    let hub = Hub::connect(global)?;
    let account = hub.account(&command.account).await?;
    let purpose = Purpose {
        integration: "Daybook command line source",
        kind: "source",
        name: format!("daybook ingest {}", command.feature),
        file_name: format!("{}.{}.ingest.token", account.uuid, command.feature),
        features: vec![command.feature.to_string()],
        lifetime: TOKEN_LIFETIME,
    };
    let token = own_token(&hub, &account, &purpose).await?;
    Appender::new(hub.url(), &token, hub.roots_pem(), true)
}

/// A file on its way.
struct Work<'a> {
    appender: &'a Appender,
    feature: &'a Feature,
    file: Option<&'a Path>,
    input: Input,
    report: Report,
    bar: ProgressBar,
    can_remember: bool,
}

impl<'a> Work<'a> {
    fn begin(appender: &'a Appender, feature: &'a Feature, file: Option<&'a Path>) -> Result<Self> {
        let Some(file) = file else {
            let input = Input::stdin()?;
            return Ok(Self::new(appender, feature, None, input, Report::default()));
        };
        let mut input = Input::file(file)?;
        let mut report = Report::default();
        if let Some(progress) = Progress::read(file, feature, appender.url()) {
            if input.resume(&progress)? {
                say(&format!("Going on after line {}, where an earlier run stopped.", progress.line));
                report = progress.report;
            } else {
                say("The file is not the one that an earlier run stopped in; beginning anew.");
            }
        }
        Ok(Self::new(appender, feature, Some(file), input, report))
    }

    fn new(appender: &'a Appender, feature: &'a Feature, file: Option<&'a Path>, input: Input, report: Report) -> Self {
        let bar = bar(input.bytes_total());
        bar.set_position(input.offset());
        Self { appender, feature, file, input, report, bar, can_remember: file.is_some() }
    }

    async fn send_all(&mut self) -> Result<()> {
        while let Some(batch) = self.input.next_batch()? {
            if !batch.lines.is_empty() {
                let offset = batch.start.to_be_bytes();
                let key = digest(&[self.feature.as_str().as_bytes(), &offset, &batch.body]);
                let answer = self.appender.append(self.feature, &batch.body, &key, PATIENCE).await?;
                self.report.count(&batch, answer);
            }
            self.report.reject(&batch.refused);
            self.bar.set_position(batch.end);
            self.remember(&batch);
        }
        Ok(())
    }

    /// Without a place to remember in, the work itself still goes on.
    fn remember(&mut self, batch: &Batch) {
        let (true, Some(file)) = (self.can_remember, self.file) else { return };
        let progress = Progress {
            feature: self.feature.to_string(),
            host: self.appender.url().to_owned(),
            batch_start: batch.start,
            offset: batch.end,
            line: batch.line_end,
            sha256: batch.sha256.clone(),
            report: self.report.clone(),
        };
        if let Err(error) = progress.write(file) {
            self.can_remember = false;
            say(&format!("An interruption could not be made good: {error:#}"));
        }
    }

    fn end(self, is_done: bool) -> Report {
        self.bar.finish_and_clear();
        if let (true, Some(file)) = (is_done, self.file) {
            Progress::remove(file);
        }
        self.report
    }
}

/// A bar on a terminal, nothing elsewhere.
fn bar(bytes_total: Option<u64>) -> ProgressBar {
    let template = match bytes_total {
        Some(_) => "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is a good one");
    ProgressBar::new(bytes_total.unwrap_or(0)).with_style(style)
}

fn print_report(global: &GlobalOptions, report: &Report) -> Result<()> {
    for rejected in report.rejected.iter().take(REJECTED_SHOWN_MAX) {
        say(&rejected.to_string());
    }
    let more = report.rejected_total.saturating_sub(REJECTED_SHOWN_MAX as u64);
    if more > 0 {
        say(&format!("… and {more} more"));
    }
    if global.json {
        return print_json(&report.public());
    }
    print_line(&format!("{} accepted, {} rejected", report.accepted, report.rejected_total))
}
