//! `daybook ingest FEATURE - --follow`: what comes through standard input, sent as it comes.
//!
//! A pipe cannot be read again, so there is nothing to go on from: what was read and not acknowledged when the program is
//! killed is lost. Told to stop, it sends what it has read.

use std::{
    io::{self, BufRead, BufReader, Read},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use daybook_events::{Feature, random_upper_id};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    input::{BATCH_BYTES_MAX, BATCH_LINES_MAX, Batch},
    progress::Report,
};
use crate::cli::{
    appender::{Appender, Patience, digest},
    output::say,
    signals::interrupted,
};

/// How long a line waits for others.
const WAIT: Duration = Duration::from_secs(1);
const LINES_WAITING_MAX: usize = 16;

type Lines = mpsc::Receiver<Result<Vec<u8>>>;

/// Sends until standard input ends or somebody wants the end.
///
/// # Errors
///
/// Standard input cannot be read, a line is longer than a batch, or the hub refuses.
pub(super) async fn follow_stdin(appender: &Appender, feature: &Feature) -> Result<Report> {
    let mut lines = lines_of(BufReader::new(io::stdin()));
    let mut stop = Box::pin(interrupted());
    let mut report = Report::default();
    // The same lines in another run are other events.
    let run = random_upper_id();
    let mut line_count = 0;
    loop {
        let (batch, outcome) = next_batch(&mut lines, &mut stop, line_count).await;
        line_count = batch.line_end;
        if !batch.lines.is_empty() {
            let key = digest(&[run.as_bytes(), &line_count.to_be_bytes(), &batch.body]);
            let answer = appender.append(feature, &batch.body, &key, Patience::Endless).await?;
            tell(&mut report, |report| report.count(&batch, answer));
        }
        tell(&mut report, |report| report.reject(&batch.refused));
        match outcome {
            Ok(true) => {}
            Ok(false) => {
                report.rejected.clear();
                return Ok(report);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Tells of lines that were not stored at once: the end may be far.
fn tell(report: &mut Report, change: impl FnOnce(&mut Report)) {
    report.rejected.clear();
    change(report);
    for rejected in &report.rejected {
        say(&rejected.to_string());
    }
}

/// Reads on a thread of its own, since a read of a pipe cannot be broken off.
fn lines_of(mut reader: impl BufRead + Send + 'static) -> Lines {
    let (sender, lines) = mpsc::channel(LINES_WAITING_MAX);
    thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(BATCH_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
            let line = match read {
                Ok(0) => return,
                Ok(_) => Ok(line),
                Err(error) => Err(error).context("read standard input"),
            };
            let is_last = line.is_err();
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

/// The next lines after so many: as many as fit, or as come within a second after the first. Whether more may come.
async fn next_batch(
    lines: &mut Lines,
    stop: &mut (impl Future<Output = ()> + Unpin),
    line_count: u64,
) -> (Batch, Result<bool>) {
    let mut batch = Batch { line_end: line_count, ..Batch::default() };
    let mut until = None;
    while batch.lines.len() + batch.refused.len() < BATCH_LINES_MAX && batch.body.len() < BATCH_BYTES_MAX / 2 {
        let received = tokio::select! {
            biased;
            received = receive(lines, until) => received,
            () = &mut *stop, if !lines.is_closed() => {
                // What was read already still comes.
                lines.close();
                continue;
            }
        };
        match received {
            Received::Line(Ok(line)) => {
                batch.line_end += 1;
                if let Err(error) = check_length(&line, batch.line_end) {
                    return (batch, Err(error));
                }
                batch.add(&line, batch.line_end);
                until.get_or_insert_with(|| Instant::now() + WAIT);
            }
            Received::Line(Err(error)) => return (batch, Err(error)),
            Received::End => return (batch, Ok(false)),
            Received::NothingInTime => break,
        }
    }
    (batch, Ok(true))
}

enum Received {
    Line(Result<Vec<u8>>),
    NothingInTime,
    End,
}

async fn receive(lines: &mut Lines, until: Option<Instant>) -> Received {
    let received = match until {
        None => Ok(lines.recv().await),
        Some(until) => timeout_at(until, lines.recv()).await,
    };
    match received {
        Ok(Some(line)) => Received::Line(line),
        Ok(None) => Received::End,
        Err(_) => Received::NothingInTime,
    }
}

fn check_length(line: &[u8], number: u64) -> Result<()> {
    ensure!(line.len() <= BATCH_BYTES_MAX / 2, "line {number} is longer than {} bytes", BATCH_BYTES_MAX / 2);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn lines_do_not_wait_for_a_full_batch_and_the_end_is_told() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = lines_of(BufReader::new(reader));
        let mut never = Box::pin(std::future::pending());
        writer.write_all(b"{\"n\":1}\n{\"n\":2}\n").unwrap();
        let (batch, outcome) = next_batch(&mut lines, &mut never, 0).await;
        assert_eq!((batch.body.as_slice(), outcome.unwrap()), (b"{\"n\":1}\n{\"n\":2}\n".as_slice(), true));

        writer.write_all(b"[]\n{\"n\":3}").unwrap();
        drop(writer);
        let (batch, outcome) = next_batch(&mut lines, &mut never, batch.line_end).await;
        assert_eq!((batch.body.as_slice(), outcome.unwrap()), (b"{\"n\":3}\n".as_slice(), false));
        assert_eq!((batch.lines, batch.refused[0].line), (vec![4], 3));
    }

    #[tokio::test]
    async fn told_to_stop_it_gives_what_it_has_read() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = lines_of(BufReader::new(reader));
        writer.write_all(b"{\"n\":1}\n").unwrap();
        while lines.is_empty() {
            tokio::task::yield_now().await;
        }
        let (batch, outcome) = next_batch(&mut lines, &mut Box::pin(std::future::ready(())), 0).await;
        assert_eq!((batch.body.as_slice(), outcome.unwrap()), (b"{\"n\":1}\n".as_slice(), false));
    }
}
