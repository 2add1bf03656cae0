//! `daybook ingest`: sends a file, or what comes on standard input, one JSON object a line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use daybook_events::Feature;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{
    Global,
    hub::Hub,
    local_token::{SENDING, local_token},
    output::{clean, print_json, say},
    progress::{self, Progress},
    sender::Sender,
};
use crate::tokens::digest_of;

const BATCH_EVENTS_MAX: usize = 1000;
const BATCH_BYTES_MAX: usize = 8 << 20;
const LINE_BYTES_MAX: u64 = 16 << 20;
const REJECTIONS_SHOWN: usize = 20;

/// Send events from a file or standard input.
///
/// One JSON object a line. What is accepted is on disk when the command says so; what is rejected is listed by line. An
/// interrupted call goes on where it was when it is called again (within 24 hours without a repeat).
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook ingest signinattempts events.ndjson
  zcat old/*.gz | daybook ingest okta.system -
  DAYBOOK_INGEST_TOKEN=$(cat my-product.token) daybook ingest auditevents events.ndjson --url https://events.acme.example")]
pub(super) struct Ingest {
    /// signinattempts, itemusages, auditevents, or another service's events such as okta.system
    feature: Feature,
    /// The file; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The token of an integration of kind source; on this machine's hub the command issues itself one
    #[arg(long, env = "DAYBOOK_INGEST_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Start at the beginning, whatever an earlier call has sent
    #[arg(long)]
    restart: bool,
}

/// What became of the events.
#[derive(Debug, Serialize)]
struct Report {
    accepted: u64,
    rejected: Vec<RejectedLine>,
}

#[derive(Debug, Serialize)]
struct RejectedLine {
    line: u64,
    field: String,
    reason: String,
}

/// Some lines of the input.
struct Batch {
    body: String,
    /// The number of each event's line.
    lines: Vec<u64>,
    /// Where the next batch begins.
    end_offset: u64,
    end_lines: u64,
    last_line: String,
}

pub(super) async fn run(global: &Global, ingest: &Ingest) -> Result<ExitCode> {
    let sender = sender(global, ingest).await?;
    let from_file = ingest.file != Path::new("-");
    let (mut input, mut progress, size) = if from_file {
        open_file(ingest, &sender.url)?
    } else {
        let input: Box<dyn BufRead> = Box::new(BufReader::new(std::io::stdin()));
        (input, Progress::start(ingest.feature.as_str(), &sender.url), None)
    };
    let bar = progress_bar(size, progress.offset);
    let mut report = Report { accepted: progress.accepted, rejected: Vec::new() };
    loop {
        let (offset, lines) = (progress.offset, progress.lines);
        let read = tokio::task::block_in_place(|| read_batch(&mut input, offset, lines))?;
        let Some(batch) = read else { break };
        if !batch.lines.is_empty() {
            let key = digest_of(&format!("{} {offset} {}", ingest.feature, batch.body));
            let answer = sender.send(&ingest.feature, batch.body, &key).await?;
            report.accepted += answer.accepted as u64;
            for item in answer.rejected {
                let line = batch.lines.get(item.index).copied().unwrap_or_default();
                report.rejected.push(RejectedLine { line, field: item.field, reason: item.reason });
            }
        }
        progress.offset = batch.end_offset;
        progress.lines = batch.end_lines;
        progress.last_line_digest = digest_of(&batch.last_line);
        progress.accepted = report.accepted;
        if from_file {
            progress::save(&ingest.file, &progress)?;
        }
        bar.set_position(progress.offset);
    }
    bar.finish_and_clear();
    if from_file {
        progress::remove(&ingest.file)?;
    }
    tell(global, &report)
}

fn tell(global: &Global, report: &Report) -> Result<ExitCode> {
    for RejectedLine { line, field, reason } in report.rejected.iter().take(REJECTIONS_SHOWN) {
        say(&format!("line {line}: {}{}{}", clean(field), if field.is_empty() { "" } else { ": " }, clean(reason)));
    }
    if report.rejected.len() > REJECTIONS_SHOWN {
        say(&format!("… and {} more", report.rejected.len() - REJECTIONS_SHOWN));
    }
    if global.json {
        print_json(report)?;
    } else {
        say(&format!("{} accepted, {} rejected", report.accepted, report.rejected.len()));
    }
    Ok(if report.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn sender(global: &Global, ingest: &Ingest) -> Result<Sender> {
    if let Some(token) = &ingest.token {
        let claims = daybook_client::decode_unverified(token)?;
        let url = global.url.clone().unwrap_or_else(|| format!("https://{}", claims.host()));
        let own_ca = crate::tls::local_ca_file(&global.data_dir());
        let files = global.ca.iter().chain(own_ca.is_file().then_some(&own_ca));
        let roots = files.map(|file| std::fs::read(file).with_context(|| format!("read {}", file.display())));
        return Sender::new(&url, token.trim().to_owned(), &roots.collect::<Result<Vec<_>>>()?);
    }
    let hub = Hub::connect(global).context(
        "send to the hub of this machine; to send elsewhere, give a source's token with --token or DAYBOOK_INGEST_TOKEN",
    )?;
    let account = hub.account(global).await?;
    let token = local_token(&hub, &account, SENDING, &[ingest.feature.clone()].into()).await?;
    Sender::new(&hub.url, token, &hub.roots)
}

/// The file from where an earlier call has come to.
fn open_file(ingest: &Ingest, url: &str) -> Result<(Box<dyn BufRead>, Progress, Option<u64>)> {
    let path = &ingest.file;
    let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let size = file.metadata().ok().map(|metadata| metadata.len());
    let kept = if ingest.restart { None } else { progress::load(path, ingest.feature.as_str(), url)? };
    let start = Progress::start(ingest.feature.as_str(), url);
    let progress = match kept {
        None => start,
        Some(kept) => {
            let back = kept.offset.min(LINE_BYTES_MAX);
            file.seek(SeekFrom::Start(kept.offset - back)).context("seek in the file")?;
            let mut done = Vec::new();
            (&mut file).take(back).read_to_end(&mut done).context("read the file")?;
            if !kept.fits(&done) {
                bail!(
                    "{} has changed since an earlier call sent {} bytes of it; send it from the beginning with --restart",
                    path.display(),
                    kept.offset
                );
            }
            say(&format!("going on after line {}, where an earlier call had come to", kept.lines));
            kept
        }
    };
    file.seek(SeekFrom::Start(progress.offset)).context("seek in the file")?;
    Ok((Box::new(BufReader::with_capacity(1 << 20, file)), progress, size))
}

/// The next lines, as many as make a batch; `None` at the end.
fn read_batch(input: &mut impl BufRead, offset: u64, lines: u64) -> Result<Option<Batch>> {
    let mut batch = Batch {
        body: String::new(),
        lines: Vec::new(),
        end_offset: offset,
        end_lines: lines,
        last_line: String::new(),
    };
    while batch.lines.len() < BATCH_EVENTS_MAX && batch.body.len() < BATCH_BYTES_MAX {
        let mut line = Vec::new();
        let read = input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).context("read the events")?;
        if read == 0 {
            break;
        }
        batch.end_offset += read as u64;
        batch.end_lines += 1;
        let number = batch.end_lines;
        let text = String::from_utf8(line)
            .map_err(|_| anyhow!("line {number} is not UTF-8; mend it and run the command again"))?;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.len() as u64 >= LINE_BYTES_MAX {
            bail!("line {number} is longer than {LINE_BYTES_MAX} bytes; is this one JSON object a line?");
        }
        if number == 1 && text.trim_start().starts_with('[') {
            bail!("the file is a JSON array; send one JSON object a line, for example with `jq -c '.[]'`");
        }
        if !text.trim().is_empty() {
            batch.lines.push(number);
            batch.body.push_str(text);
            batch.body.push('\n');
        }
        text.clone_into(&mut batch.last_line);
    }
    Ok((batch.end_lines > lines).then_some(batch))
}

fn progress_bar(size: Option<u64>, done: u64) -> ProgressBar {
    let bar = match size {
        Some(size) => ProgressBar::new(size),
        None => ProgressBar::no_length(),
    };
    let style = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(done);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_batches_that_know_their_numbers() {
        let mut input = std::io::Cursor::new("{\"a\":1}\r\n\n{\"b\":2}");
        let batch = read_batch(&mut input, 0, 0).unwrap().unwrap();
        assert_eq!(batch.body, "{\"a\":1}\n{\"b\":2}\n");
        assert_eq!((batch.lines, batch.end_offset, batch.end_lines), (vec![1, 3], 17, 3));
        assert!(read_batch(&mut input, 17, 3).unwrap().is_none());
    }

    #[test]
    fn batches_are_bounded_and_lose_nothing() {
        let text: String = (0..2500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let mut input = std::io::Cursor::new(text.clone());
        let (mut offset, mut lines, mut joined, mut counts) = (0, 0, String::new(), Vec::new());
        while let Some(batch) = read_batch(&mut input, offset, lines).unwrap() {
            (offset, lines) = (batch.end_offset, batch.end_lines);
            joined.push_str(&batch.body);
            counts.push(batch.lines.len());
        }
        assert_eq!((joined, counts), (text, vec![1000, 1000, 500]));
    }

    #[test]
    fn what_is_not_lines_of_json_is_refused_by_line() {
        let refusal =
            |bytes: &[u8]| read_batch(&mut std::io::Cursor::new(bytes.to_vec()), 0, 0).err().unwrap().to_string();
        assert!(refusal(b"[{}]").contains("JSON array"));
        assert!(refusal(b"{}\n\xff\n").contains("line 2 is not UTF-8"));
    }
}
