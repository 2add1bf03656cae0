//! How long after a producer sends an event a puller that asks all the time has it.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::{Value, json};

use super::read_out::{BEGINNING, page_uri};
use crate::{
    bench::{Bench, Store},
    client::{Call, Connection},
    corpus::ingest_uri,
    figure::{Figure, Unit},
    manage::{Account, Manager},
    samples::Samples,
};

const VISIBLE_MILLIS_MAX: f64 = 50.0;
const APPEND_INTERVAL: Duration = Duration::from_millis(20);
/// For the last event to be seen.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Ids of the events sent: this, and their number in base 26.
pub(super) const UUID_PREFIX: &str = "VISIBILITYVISIBILITYVI";
pub(super) const UUID_DIGITS: u32 = 4;

/// One event, sent over and over again under ids of its own, on a clock.
pub(super) struct Stream {
    pub(super) feature: &'static str,
    pub(super) event: Value,
    pub(super) every: Duration,
}

/// When each event was sent; the producer's and the puller's clock is the same.
pub(super) type SentTimes = Arc<Vec<OnceLock<Instant>>>;

pub(super) async fn measure(bench: &mut Bench, store: Store) -> Result<()> {
    let count = bench.scale.visible_count;
    let stream = Stream::of(bench.corpus.item_usage()?);
    let filled = bench.filled(store).await?;
    let account = Manager::of(&filled.hub).await?.add_account("Visibility").await?;
    let (producer, puller) = (filled.hub.server.connect().await?, filled.hub.server.connect().await?);
    let sent: SentTimes = Arc::new((0..count).map(|_| OnceLock::new()).collect());
    let is_over = Arc::new(AtomicBool::new(false));
    let seen = (Arc::clone(&sent), Arc::clone(&is_over));
    let pulled = tokio::spawn(pull(puller, account.clone(), BEGINNING.to_owned(), seen));
    let appended = produce(producer, &account, stream, &sent).await;
    let ended = Instant::now();
    while !pulled.is_finished() && ended.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let (appended, (visible, polls)) = (appended?, pulled.await.context("the puller ended early")??);
    ensure!(visible.len() == count, "the puller saw {} events of {count}", visible.len());

    let note = format!("{count} events, {polls} polls: {}; append alone {}", visible.summary(), appended.summary());
    let (id, what, id_median) = match store {
        Store::Sqlite => ("visible", "event appended → at a puller", "visible.median"),
        Store::Postgres => ("postgres.visible", "PostgreSQL: event appended → at a puller", "postgres.visible.median"),
    };
    for (id, part, percent) in [(id_median, "p50", 50.0), (id, "p99", 99.0)] {
        let figure = Figure::new(id, format!("{what}, {part}"), visible.percentile_ms(percent), Unit::Millis);
        bench.push(figure.at_most(VISIBLE_MILLIS_MAX).note(if percent > 90.0 { note.clone() } else { String::new() }));
    }
    Ok(())
}

impl Stream {
    /// Item usages like this one, fifty a second.
    pub(super) fn of(item_usage: Value) -> Self {
        Self { feature: "itemusages", event: item_usage, every: APPEND_INTERVAL }
    }
}

/// Sends one event a request; gives how long each append took.
pub(super) async fn produce(
    mut connection: Connection,
    account: &Account,
    Stream { feature, mut event, every }: Stream,
    sent: &[OnceLock<Instant>],
) -> Result<Samples> {
    let uri = ingest_uri(feature)?;
    let mut clock = tokio::time::interval(every);
    let mut appended = Samples::default();
    for (number, time) in sent.iter().enumerate() {
        event["uuid"] = Value::from(uuid_of(number));
        let body = Bytes::from(format!("{event}\n"));
        clock.tick().await;
        let now = *time.get_or_init(Instant::now);
        let answer = connection.send(Call::post(uri.clone(), account.producer.clone(), body)).await?.expect(200)?;
        ensure!(answer.starts_with(b"{\"accepted\":1,"), "an event was refused: {}", String::from_utf8_lossy(&answer));
        appended.push(now.elapsed());
    }
    Ok(appended)
}

/// Asks for the next page of item usages all the time; gives how long each event was on its way, and how often it asked.
/// Events with other ids are passed over.
pub(super) async fn pull(
    mut connection: Connection,
    account: Account,
    start: String,
    (sent, is_over): (SentTimes, Arc<AtomicBool>),
) -> Result<(Samples, usize)> {
    let uri = page_uri("v2", "itemusages")?;
    let mut body = json!({"limit": 1000, "start_time": start});
    let (mut visible, mut polls) = (Samples::default(), 0);
    while visible.len() < sent.len() && !is_over.load(Ordering::Relaxed) {
        let call = Call::post(uri.clone(), account.reader.clone(), Bytes::from(body.to_string()));
        let answer = connection.send(call).await?.expect(200)?;
        let received = Instant::now();
        polls += 1;
        let page: Value = serde_json::from_slice(&answer).context("read a page")?;
        for item in page["items"].as_array().context("a page has items")? {
            let Some(number) = item["uuid"].as_str().and_then(number_of) else { continue };
            let time = sent.get(number).and_then(OnceLock::get).context("an event was seen before it was sent")?;
            visible.push(received - *time);
        }
        body = json!({"cursor": page["cursor"]});
    }
    Ok((visible, polls))
}

fn uuid_of(number: usize) -> String {
    let digit = |place: u32| char::from(b'A' + u8::try_from(number / 26_usize.pow(place) % 26).unwrap_or_default());
    UUID_PREFIX.chars().chain((0..UUID_DIGITS).rev().map(digit)).collect()
}

pub(super) fn number_of(uuid: &str) -> Option<usize> {
    let digits = uuid.strip_prefix(UUID_PREFIX)?.bytes();
    Some(digits.fold(0, |number, digit| number * 26 + usize::from(digit - b'A')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_s_id_tells_its_number() {
        for number in [0, 1, 25, 26, 9999] {
            assert_eq!(uuid_of(number).len(), 26);
            assert_eq!(number_of(&uuid_of(number)), Some(number));
        }
    }
}
