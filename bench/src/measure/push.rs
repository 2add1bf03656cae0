//! How many events a second one destination is fed, each batch sent after the receiver's answer to the one before it, and
//! its cursor moved on disk.

use std::{
    fs,
    path::PathBuf,
    slice,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{push_limits, storage::wait_for_packer};
use crate::{
    bench::{Bench, Store, append_all},
    figure::{Figure, Unit},
    hub::Hub,
    load::sink::{Keep, Sink},
    manage::{Account, Manager},
    process::{cpu_time, own_cpu_time},
};

const EVENTS_PER_SECOND_TARGET: f64 = 50_000.0;
/// One destination is fed for so long at the most.
const PUSH_TIME_MAX: Duration = Duration::from_secs(60);
/// For the first batch to arrive.
const START_TIME_MAX: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// Where nothing arrives for so long, all may have arrived.
const QUIET_TIME: Duration = Duration::from_millis(500);
/// Signs the requests to webhooks that nobody checks.
pub(super) const WEBHOOK_SECRET: &str = "whsec_YmVuY2htYXJrYmVuY2htYXJrYmVuY2ht";

/// A destination to measure.
struct Case {
    id: &'static str,
    what: &'static str,
    kind: &'static str,
    settings: &'static [(&'static str, &'static str)],
    limit: &'static str,
}

/// Batches are as large as each kind's are by default.
const CASES: [Case; 7] = [
    Case {
        id: "push.hec",
        what: "push to Splunk HEC, gzip (as shipped)",
        kind: "splunk-hec",
        settings: &[("token", "benchmark")],
        limit: "limit.sink_gzip",
    },
    Case {
        id: "push.hec_plain",
        what: "push to Splunk HEC, not packed",
        kind: "splunk-hec",
        settings: &[("token", "benchmark"), ("compression", "none")],
        limit: "limit.sink",
    },
    Case {
        id: "push.bulk",
        what: "push to Elasticsearch, gzip (as shipped)",
        kind: "elasticsearch",
        settings: &[],
        limit: "limit.sink_gzip",
    },
    Case {
        id: "push.bulk_plain",
        what: "push to Elasticsearch, not packed",
        kind: "elasticsearch",
        settings: &[("compression", "none")],
        limit: "limit.sink",
    },
    Case {
        id: "push.webhook",
        what: "push to a webhook, a batch a request",
        kind: "webhook",
        settings: &[("one_request", "batch"), ("secret", WEBHOOK_SECRET)],
        limit: "limit.sink",
    },
    Case {
        id: "push.webhook_gzip",
        what: "push to a webhook, a batch a request, gzip",
        kind: "webhook",
        settings: &[("one_request", "batch"), ("secret", WEBHOOK_SECRET), ("compression", "gzip")],
        limit: "limit.sink_gzip",
    },
    Case { id: "push.file", what: "push to a file", kind: "file", settings: &[], limit: "limit.file" },
];

/// Where a destination's events arrive.
enum Receiver {
    Sink(Sink),
    /// Files of this directory.
    Files(PathBuf),
}

/// What arrived between the first and the last look at which something new had.
struct Arrived {
    /// Of all bytes, the share that arrived in that time: the first batch was there before.
    share: f64,
    elapsed: Duration,
    hub_cpu: Duration,
    own_cpu: Duration,
}

/// A hub with the events to push, and nothing else to do.
struct Pushing {
    hub: Hub,
    manager: Manager,
    account: Account,
    events: usize,
}

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let batches = bench.corpus.item_usages_of(bench.scale.events);
    push_limits::measure(bench, &batches)?;
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let account = manager.add_account("Push").await?;
    append_all(&hub, &batches, slice::from_ref(&account)).await?;
    wait_for_packer(&mut manager, &account.uuid).await?;
    let events = batches.iter().map(|batch| batch.events).sum();
    let bytes: usize = batches.iter().map(|batch| batch.body.len()).sum();
    let mut pushing = Pushing { hub, manager, account, events };
    for case in &CASES {
        let figure = pushing.push(case, bytes).await.with_context(|| case.what.to_owned())?;
        bench.push(figure.at_least(EVENTS_PER_SECOND_TARGET).beside(case.limit));
    }
    Ok(())
}

impl Pushing {
    /// Adds a destination that begins at the beginning, and watches what arrives until all has.
    async fn push(&mut self, case: &Case, bytes: usize) -> Result<Figure> {
        let receiver = match case.kind {
            "file" => Receiver::Files(self.hub.data_dir().join("files")),
            _ => Receiver::Sink(Sink::start(Keep::Nothing)?),
        };
        let url = receiver.url();
        // The last batch is not full: its wait is nobody's throughput.
        let mut settings = vec![("from", "beginning"), ("batch_wait_ms", "0")];
        settings.extend(case.settings);
        settings.extend(url.as_deref().map(|url| ("url", url)));
        let destination = self.manager.add_destination(&self.account.uuid, (case.id, case.kind), &settings).await?;
        let arrived = self.watch(&receiver, &destination).await?;
        self.manager.pause_destination(&self.account.uuid, &destination).await?;
        let received = receiver.bytes()?;
        // A webhook's batches have commas for line ends, and a frame.
        ensure!(received >= bytes - self.events, "{received} bytes of {bytes} arrived");

        let pushed = self.events as f64 * arrived.share;
        let secs = arrived.elapsed.as_secs_f64();
        let note = format!(
            "{}cores: hub {:.2}, this program {:.2}; the hub's processor time for a million events {:.1} s",
            receiver.summary(secs),
            arrived.hub_cpu.as_secs_f64() / secs,
            arrived.own_cpu.as_secs_f64() / secs,
            arrived.hub_cpu.as_secs_f64() / pushed * 1e6
        );
        Ok(Figure::new(case.id, case.what, pushed / secs, Unit::EventsPerSecond).note(note))
    }

    async fn watch(&mut self, receiver: &Receiver, destination: &str) -> Result<Arrived> {
        let added = Instant::now();
        while receiver.bytes()? == 0 {
            let standing = "nothing arrived";
            ensure!(added.elapsed() < START_TIME_MAX, "{standing} within {START_TIME_MAX:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let cpu = || Ok::<_, anyhow::Error>((cpu_time(self.hub.pid())?, own_cpu_time()?));
        let (first_bytes, first, cpu_before) = (receiver.bytes()?, Instant::now(), cpu()?);
        let (mut bytes, mut last, mut cpu_after) = (first_bytes, first, cpu_before);
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let now = receiver.bytes()?;
            if now != bytes {
                (bytes, last, cpu_after) = (now, Instant::now(), cpu()?);
            } else if last.elapsed() > QUIET_TIME {
                let standing = self.manager.standing(&self.account.uuid, destination).await?;
                if standing.behind == 0 {
                    ensure!(standing.dead_letters == 0, "{} events were refused", standing.dead_letters);
                    break;
                }
                ensure!(first.elapsed() < PUSH_TIME_MAX, "{} events are left: {}", standing.behind, standing.said);
            }
        }
        Ok(Arrived {
            share: (bytes - first_bytes) as f64 / bytes as f64,
            elapsed: last - first,
            hub_cpu: cpu_after.0 - cpu_before.0,
            own_cpu: cpu_after.1 - cpu_before.1,
        })
    }
}

impl Receiver {
    fn url(&self) -> Option<String> {
        match self {
            Self::Sink(sink) => Some(sink.url()),
            Self::Files(_) => None,
        }
    }

    /// Bytes of bodies, unpacked, or of lines.
    fn bytes(&self) -> Result<usize> {
        match self {
            Self::Sink(sink) => Ok(sink.bytes()),
            Self::Files(directory) => file_bytes(directory),
        }
    }

    /// `350 requests, 40 MiB/s; `
    fn summary(&self, secs: f64) -> String {
        match self {
            Self::Sink(sink) => {
                let received = sink.take();
                let mib = received.wire_bytes as f64 / f64::from(1 << 20);
                format!("{} requests, {:.0} MiB/s; ", received.requests, mib / secs)
            }
            Self::Files(_) => String::new(),
        }
    }
}

/// What the files of a directory hold together. One may be renamed between two looks.
fn file_bytes(directory: &PathBuf) -> Result<usize> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(0) };
    let lengths = entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len());
    usize::try_from(lengths.sum::<u64>()).context("count the bytes of files")
}
