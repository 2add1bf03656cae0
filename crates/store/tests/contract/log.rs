//! Appending and reading.

use std::{collections::BTreeSet, time::Duration};

use daybook_events::{AUDIT_EVENTS, AccountId, Clock, Grant, Position, Timestamp, Window};
use daybook_store::{Appended, EventLogOptions, ReadFilter, StoreError};

use crate::{contract, support::*};

contract! {
    async fn a_stream_nobody_appended_to_is_empty(store: Store) {
        let page = store.log.read_after(&store.stream(), Position::new(7), 10, &ReadFilter::default()).await.unwrap();
        assert_eq!((page.count(), page.more, page.scanned), (0, false, Position::new(7)));
        assert!(store.log.stream(&store.stream()).await.unwrap().is_none());
    }

    async fn events_come_back_as_they_went_in(store: Store) {
        let outcome = store.append(&events(0..2500)).await;
        assert_eq!(outcome, Appended::New(Some((Position::new(1), Position::new(2500)))));
        let page = store.log.read_after(&store.stream(), Position::new(1500), 1000, &ReadFilter::default()).await.unwrap();
        assert!(!page.more);
        assert_eq!(page.scanned, Position::new(2500));
        let joined = page.runs.iter().map(|run| run.joined().to_owned()).collect::<Vec<_>>().join(",");
        let expected = (1500..2500).map(payload).collect::<Vec<_>>().join(",");
        assert_eq!(joined, expected);
        for event in page.iter() {
            assert_eq!(event.time, at(event.position.get() - 1));
        }
    }

    async fn pages_of_every_size_see_every_event_once(store: Store) {
        for batch in [0..1, 1..400, 400..403, 403..2000] {
            store.append(&events(batch)).await;
        }
        for limit in [1, 7, 399, 400, 1000, 5000] {
            assert_eq!(store.walk(limit, ReadFilter::default()).await, (0..2000).collect::<Vec<_>>(), "{limit}");
        }
    }

    async fn concurrent_appends_leave_no_gap_and_no_repeat(store: Store) {
        let (second, _) = store.second_node().await;
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..8_i64 {
            let log = if writer % 2 == 0 { store.log.clone() } else { second.clone() };
            let grant = store.grant.clone();
            tasks.spawn(async move {
                for batch in 0..20_i64 {
                    let start = writer * 1000 + batch * 10;
                    append_to(&log, &grant, &daybook_events::ITEM_USAGES, &events(start..start + 10), None).await.unwrap();
                }
            });
        }
        // A reader walks along while they append: what it has seen may never change behind it.
        let (log, stream) = (store.log.clone(), store.stream());
        let reader = tokio::spawn(async move {
            let (mut position, mut seen) = (Position::START, Vec::new());
            while seen.len() < 1600 {
                let page = log.read_after(&stream, position, 97, &ReadFilter::default()).await.unwrap();
                for event in page.iter() {
                    assert_eq!(event.position, position.next(), "a gap was visible");
                    position = event.position;
                    seen.push(number_of(event.payload));
                }
                tokio::task::yield_now().await;
            }
            seen
        });
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let seen = tokio::time::timeout(Duration::from_secs(60), reader).await.unwrap().unwrap();
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 1600);
        assert_eq!(store.walk(1000, ReadFilter::default()).await, seen);
        let batches_in_order = seen.chunks(10).all(|batch| batch.windows(2).all(|pair| pair[1] == pair[0] + 1));
        assert!(batches_in_order, "a batch was torn");
    }

    async fn streams_of_other_accounts_and_features_are_apart(store: Store) {
        store.append(&events(0..5)).await;
        let other = Grant::administrator(AccountId::random());
        append_to(&store.log, &other, &daybook_events::ITEM_USAGES, &events(100..103), None).await.unwrap();
        append_to(&store.log, &store.grant, &AUDIT_EVENTS, &events(200..202), None).await.unwrap();

        let everything = ReadFilter::default();
        assert_eq!(store.walk(10, everything).await, (0..5).collect::<Vec<_>>());
        let theirs = other.to_read(&daybook_events::ITEM_USAGES).unwrap();
        assert_eq!(walk_log(&store.log, &theirs, 10, everything).await, [100, 101, 102]);
        assert_eq!(store.log.streams(HUB, None).await.unwrap().len(), 3);
        assert_eq!(store.log.streams(HUB, Some(store.grant.account())).await.unwrap().len(), 2);
    }

    async fn a_start_time_passes_over_what_is_older_and_keeps_what_comes_late(store: Store) {
        store.append(&events(0..100)).await;
        let head = store.log.stream(&store.stream()).await.unwrap().unwrap().head;
        let window = Window::Since { start: at(60), until: head };
        let filter = ReadFilter { window, not_before: None };
        assert_eq!(store.walk(17, filter).await, (60..100).collect::<Vec<_>>());
        store.append(&[(at(-9000), payload(777))]).await;
        assert_eq!(store.walk(17, filter).await, (60..100).chain([777]).collect::<Vec<_>>());
    }

    async fn a_bounded_window_gives_exactly_its_events(store: Store) {
        store.append(&events(0..100)).await;
        store.append(&[(at(50), payload(150)), (at(5), payload(105)), (at(99), payload(199))]).await;
        let filter = ReadFilter { window: Window::Between { start: at(50), end: at(99) }, not_before: None };
        assert_eq!(store.walk(10, filter).await, (50..99).chain([150]).collect::<Vec<_>>());
        let nothing = ReadFilter { window: Window::Between { start: at(500), end: at(600) }, not_before: None };
        let page = store.log.read_after(&store.stream(), Position::START, 10, &nothing).await.unwrap();
        assert_eq!((page.count(), page.more, page.scanned), (0, false, Position::new(103)));
    }

    async fn a_window_of_arrival_ends_at_its_time(store: Store) {
        store.append(&events(0..3)).await;
        store.clock.advance(Duration::from_secs(10));
        store.append(&events(3..6)).await;
        let filter = ReadFilter { window: Window::ArrivedBefore(at(10)), not_before: None };
        assert_eq!(store.walk(2, filter).await, [0, 1, 2]);
    }

    async fn what_retention_hides_is_not_served_while_its_block_lives(store: Store) {
        store.append(&events(0..100)).await;
        let filter = ReadFilter { window: Window::Everything, not_before: Some(at(90)) };
        // They arrived at noon, before the cutoff.
        assert_eq!(store.walk(10, filter).await, Vec::<i64>::new());
        store.clock.set(at(95));
        store.append(&events(80..120)).await;
        assert_eq!(store.walk(10, filter).await, (90..120).collect::<Vec<_>>());
    }

    async fn arrivals_grow_although_the_clock_steps_back(store: Store) {
        store.append(&events(0..3)).await;
        store.clock.set(at(-3600));
        store.append(&events(3..6)).await;
        store.clock.set(at(7200));
        store.append(&events(6..9)).await;
        let page = store.log.read_after(&store.stream(), Position::START, 10, &ReadFilter::default()).await.unwrap();
        let arrivals: Vec<Timestamp> = page.iter().map(|event| event.arrival).collect();
        assert!(arrivals.windows(2).all(|pair| pair[0] < pair[1]), "{arrivals:?}");
        assert_eq!(arrivals[0], NOON);
        assert_eq!(arrivals[6], at(7200));
    }

    async fn positions_are_found_by_time_and_by_arrival(store: Store) {
        let stream = store.stream();
        assert_eq!(store.log.position_at_time(&stream, at(0)).await.unwrap(), Position::START);
        for batch in [0..10, 10..20, 20..30] {
            store.append(&events(batch)).await;
            store.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(store.log.position_at_time(&stream, at(-5)).await.unwrap(), Position::START);
        assert_eq!(store.log.position_at_time(&stream, at(15)).await.unwrap(), Position::new(10));
        assert_eq!(store.log.position_at_time(&stream, at(500)).await.unwrap(), Position::new(30));
        let by_arrival = |time: Timestamp| store.log.position_at_arrival(&stream, time);
        assert_eq!(by_arrival(at(-1)).await.unwrap(), Position::START);
        assert_eq!(by_arrival(at(0)).await.unwrap(), Position::new(1));
        assert_eq!(by_arrival(at(59)).await.unwrap(), Position::new(10));
        let third = Timestamp::from_nanos(at(60).as_nanos() + 2);
        assert_eq!(by_arrival(third).await.unwrap(), Position::new(13));
        assert_eq!(by_arrival(at(500)).await.unwrap(), Position::new(30));
    }

    async fn a_repeat_under_an_idempotency_key_appends_nothing(store: Store) {
        assert!(matches!(store.append_with_key(&events(0..3), "k").await.unwrap(), Appended::New(Some(_))));
        let repeat = store.append_with_key(&events(0..3), "k").await.unwrap();
        assert_eq!(repeat, Appended::Repeated("accepted 3".into()));
        let reuse = store.append_with_key(&events(5..6), "k").await.unwrap_err();
        assert_eq!(reuse.to_string(), StoreError::IdempotencyKeyReused.to_string());
        assert_eq!(store.walk(10, ReadFilter::default()).await, [0, 1, 2]);

        store.clock.advance(Duration::from_secs(24 * 3600 + 1));
        assert!(matches!(store.append_with_key(&events(5..6), "k").await.unwrap(), Appended::New(Some(_))));
        assert_eq!(store.log.forget_old_idempotency_keys(HUB).await.unwrap(), 0);
        store.clock.advance(Duration::from_secs(24 * 3600 + 1));
        assert_eq!(store.log.forget_old_idempotency_keys(HUB).await.unwrap(), 1);
    }

    async fn concurrent_repeats_append_once(store: Store) {
        let (second, _) = store.second_node().await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..10 {
            let log = if number % 2 == 0 { store.log.clone() } else { second.clone() };
            let grant = store.grant.clone();
            tasks.spawn(async move {
                let key = daybook_store::IdempotencyKey { key: "k".into(), body_digest: "d".into(), answer: "a".into() };
                append_to(&log, &grant, &daybook_events::ITEM_USAGES, &events(0..5), Some(key)).await.unwrap()
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Appended::New(_))).count(), 1);
        assert_eq!(store.walk(10, ReadFilter::default()).await, [0, 1, 2, 3, 4]);
    }

    async fn a_watcher_hears_of_appends_on_every_node(store: Store) {
        store.append(&events(0..1)).await;
        let (second, _) = store.second_node().await;
        let mut watch = second.watch(&store.stream());
        // The listener of a node announces itself when it is connected; that may be the first signal.
        let seen = tokio::time::timeout(Duration::from_secs(20), async {
            let mut number = 1;
            loop {
                store.append(&events(number..number + 1)).await;
                number += 1;
                if tokio::time::timeout(Duration::from_millis(500), watch.changed()).await.is_ok() {
                    return number;
                }
            }
        });
        assert!(seen.await.unwrap() >= 2);
    }

    async fn a_page_of_large_events_is_shorter_and_says_so(store: Store) {
        let store = store.reopen(EventLogOptions { page_bytes_max: 100_000, ..EventLogOptions::default() }).await;
        for number in 0..10 {
            let large = format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(60_000));
            store.append(&[(at(number), large)]).await;
        }
        let page = store.log.read_after(&store.stream(), Position::START, 1000, &ReadFilter::default()).await.unwrap();
        assert_eq!((page.count(), page.more, page.scanned), (2, true, Position::new(2)));
        assert_eq!(store.walk(1000, ReadFilter::default()).await, (0..10).collect::<Vec<_>>());
    }

    async fn a_search_through_many_blocks_is_cut_into_pages(store: Store) {
        let store = store.reopen(EventLogOptions { page_blocks_max: 4, ..EventLogOptions::default() }).await;
        for number in 0..20 {
            store.append(&[(at(number), payload(number)), (at(100 + number), payload(100 + number))]).await;
        }
        let filter = ReadFilter { window: Window::Between { start: at(15), end: at(16) }, not_before: None };
        assert_eq!(store.walk(10, filter).await, [15]);
    }

    async fn a_restart_finds_everything(store: Store) {
        store.append(&events(0..1500)).await;
        let store = store.reopen(EventLogOptions::default()).await;
        let outcome = store.append(&events(1500..1501)).await;
        assert_eq!(outcome, Appended::New(Some((Position::new(1501), Position::new(1501)))));
        assert_eq!(store.walk(1000, ReadFilter::default()).await, (0..1501).collect::<Vec<_>>());
    }

    async fn a_closed_log_has_written_what_it_took_and_takes_no_more(store: Store) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (log, grant) = (store.log.clone(), store.grant.clone());
            let events = events(number..number + 1);
            tasks.spawn(async move { append_to(&log, &grant, &daybook_events::ITEM_USAGES, &events, None).await });
        }
        tokio::task::yield_now().await;
        store.log.close().await;
        let accepted = tasks.join_all().await.into_iter().filter(Result::is_ok).count();
        assert_eq!(store.walk(100, ReadFilter::default()).await.len(), accepted);
        let late = append_to(&store.log, &store.grant, &daybook_events::ITEM_USAGES, &events(0..1), None).await;
        assert!(matches!(late, Err(StoreError::Closed)));
        assert_eq!(store.clock.now(), NOON);
    }
}
