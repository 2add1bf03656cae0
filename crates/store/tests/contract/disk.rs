//! A full disk: a clear error, nothing acknowledged is lost, and it goes on without a restart.

use std::sync::Arc;

use daybook_events::{AccountId, Grant, ITEM_USAGES, Kind, Kinded, SystemClock};
use daybook_store::{Database, DatabaseOptions, EventLog, EventLogOptions, ReadFilter};

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_appends_and_recovers_without_a_restart() {
    let disk = daybook_testkit::SmallDisk::mount(8);
    let database = Database::open(DatabaseOptions::sqlite(disk.path())).await.unwrap();
    let log = EventLog::open(database, Arc::new(SystemClock), EventLogOptions::default());
    let grant = Grant::administrator(AccountId::random());
    append_to(&log, &grant, &ITEM_USAGES, &events(0..10), None).await.unwrap();

    disk.fill();
    let mut acknowledged: Vec<i64> = (0..10).collect();
    let mut refusal = None;
    for number in 10..5_000 {
        // Incompressible, so that the disk fills.
        let noise: String = (0..200).map(|_| daybook_events::random_upper_id()).collect();
        let event = (at(number), format!("{{\"n\":{number},\"x\":\"{noise}\"}}"));
        match append_to(&log, &grant, &ITEM_USAGES, &[event], None).await {
            Ok(_) => acknowledged.push(number),
            Err(error) => {
                refusal = Some(error);
                break;
            }
        }
    }
    let refusal = refusal.expect("the disk has to fill up");
    assert_eq!(refusal.kind(), Kind::StorageFull, "{refusal:?}");
    assert!(refusal.to_string().contains("the disk is full"), "{refusal}");
    let stream = grant.to_read(&ITEM_USAGES).unwrap();
    assert_eq!(walk_log(&log, &stream, 1000, ReadFilter::default()).await, acknowledged);

    // Not the last refusal: SQLite rolls back by itself, and whoever does not notice loses what comes after.
    for number in 8_000..8_010 {
        let noise: String = (0..200).map(|_| daybook_events::random_upper_id()).collect();
        let event = (at(number), format!("{{\"n\":{number},\"x\":\"{noise}\"}}"));
        if append_to(&log, &grant, &ITEM_USAGES, &[event], None).await.is_ok() {
            acknowledged.push(number);
        }
    }
    disk.free();
    append_to(&log, &grant, &ITEM_USAGES, &events(9_000..9_001), None).await.unwrap();
    acknowledged.push(9_000);
    assert_eq!(walk_log(&log, &stream, 1000, ReadFilter::default()).await, acknowledged);
    log.close().await;
    drop(log);

    let database = Database::open(DatabaseOptions::sqlite(disk.path())).await.unwrap();
    let log = EventLog::open(database, Arc::new(SystemClock), EventLogOptions::default());
    let kept = walk_log(&log, &stream, 1000, ReadFilter::default()).await;
    assert_eq!(kept, acknowledged, "what was acknowledged is on disk, not only in a transaction");
    log.close().await;
}
