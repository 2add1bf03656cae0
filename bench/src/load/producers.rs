//! Producers: bodies made beforehand, sent over keep-alive connections, each after the answer to the one before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use hyper::header::HeaderValue;
use tokio::task::JoinSet;

use crate::{
    client::{Call, Server},
    corpus::Batch,
    process::{cpu_time, own_cpu_time},
    samples::Samples,
};

/// A body and who sends it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    pub(crate) authorization: HeaderValue,
}

/// What sending came to.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) events: usize,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Samples,
    server_cpu: Duration,
    generator_cpu: Duration,
}

/// Sends every body, and checks that all its events were taken. Stops early at the time limit, between two bodies.
pub(crate) async fn append(
    server: &Server,
    server_pid: u32,
    jobs: Vec<Job>,
    connections: usize,
    time_max: Duration,
) -> Result<Appended> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(server.connect().await?);
    }
    let (jobs, next) = (Arc::new(jobs), Arc::new(AtomicUsize::new(0)));
    let cpu = || Ok::<_, anyhow::Error>((cpu_time(server_pid)?, own_cpu_time()?));
    let (server_before, generator_before) = cpu()?;
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for mut connection in open {
        let (jobs, next) = (Arc::clone(&jobs), Arc::clone(&next));
        senders.spawn(async move {
            let (mut events, mut latencies) = (0, Samples::default());
            while started.elapsed() < time_max {
                let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let Batch { uri, body, events: count } = job.batch.clone();
                let sent = Instant::now();
                let answer = connection.send(Call::post(uri, job.authorization.clone(), body)).await?.expect(200)?;
                latencies.push(sent.elapsed());
                check(&answer, count)?;
                events += count;
            }
            Ok::<_, anyhow::Error>((events, latencies))
        });
    }
    let (mut events, mut latencies) = (0, Samples::default());
    while let Some(sender) = senders.join_next().await {
        let (count, own) = sender.context("a producer ended early")??;
        events += count;
        latencies.extend(own);
    }
    let elapsed = started.elapsed();
    let (server_after, generator_after) = cpu()?;
    Ok(Appended {
        events,
        elapsed,
        latencies,
        server_cpu: server_after - server_before,
        generator_cpu: generator_after - generator_before,
    })
}

/// `{"accepted":1000,"rejected":[]}`
fn check(answer: &[u8], count: usize) -> Result<()> {
    let is_whole = answer.starts_with(format!("{{\"accepted\":{count},\"rejected\":[]").as_bytes());
    ensure!(is_whole, "not all events of a body were taken: {}", String::from_utf8_lossy(answer));
    Ok(())
}

impl Appended {
    pub(crate) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    /// `cores: server 1.4, generator 0.4; request p50 …`
    pub(crate) fn summary(&self) -> String {
        let cores = |cpu: Duration| cpu.as_secs_f64() / self.elapsed.as_secs_f64();
        let (server, generator) = (cores(self.server_cpu), cores(self.generator_cpu));
        format!("cores: server {server:.2}, generator {generator:.2}; request {}", self.latencies.summary())
    }
}
