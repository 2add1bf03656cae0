//! Packing and trimming, while readers are on their way.

use std::time::Duration;

use daybook_events::{Position, Window};
use daybook_store::{CursorKey, PackOutcome, ReadFilter, StoreError};

use crate::{contract, support::*};

const LEASE: Duration = Duration::from_secs(30);

async fn pack_all(store: &Store) -> usize {
    let key = CursorKey { name: "packer".into(), stream_id: store.stream_id().await };
    let mut rounds = 0;
    loop {
        let lease = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        let outcome = store.log.pack(&lease).await.unwrap();
        store.cursors.release(lease).await.unwrap();
        if outcome == PackOutcome::Idle {
            return rounds;
        }
        rounds += 1;
        assert!(rounds < 1000, "packing must come to an end");
    }
}

contract! {
    async fn packing_changes_neither_events_nor_positions(store: Store) {
        for number in 0..300 {
            store.append(&events(number * 10..number * 10 + 10)).await;
        }
        let before = store.log.size(HUB, store.stream_id().await).await.unwrap();
        assert!(pack_all(&store).await > 0);
        let after = store.log.size(HUB, store.stream_id().await).await.unwrap();
        assert_eq!((before.events, before.blocks), (3000, 300));
        assert_eq!(after.events, 3000);
        assert!(after.blocks <= 5, "{} blocks", after.blocks);
        assert!(after.stored_bytes < before.stored_bytes, "{after:?} {before:?}");
        assert_eq!(store.walk(333, ReadFilter::default()).await, (0..3000).collect::<Vec<_>>());
        store.append(&events(3000..3001)).await;
        assert_eq!(store.walk(333, ReadFilter::default()).await, (0..3001).collect::<Vec<_>>());
    }

    async fn a_walk_goes_on_over_blocks_that_are_packed_under_it(store: Store) {
        for number in 0..200 {
            store.append(&events(number * 10..number * 10 + 10)).await;
        }
        let first = store.log.read_after(&store.stream(), Position::START, 1234, &ReadFilter::default()).await.unwrap();
        pack_all(&store).await;
        let second = store.log.read_after(&store.stream(), first.scanned, 5000, &ReadFilter::default()).await.unwrap();
        let seen: Vec<_> = first.iter().chain(second.iter()).map(|event| number_of(event.payload)).collect();
        assert_eq!(seen, (0..2000).collect::<Vec<_>>());
    }

    async fn many_loose_blocks_at_the_end_are_merged_and_packed_again_later(store: Store) {
        for number in 0..70 {
            store.append(&events(number..number + 1)).await;
        }
        pack_all(&store).await;
        assert_eq!(store.log.size(HUB, store.stream_id().await).await.unwrap().blocks, 1);
        for number in 70..1100 {
            store.append(&events(number..number + 1)).await;
        }
        pack_all(&store).await;
        let size = store.log.size(HUB, store.stream_id().await).await.unwrap();
        assert!(size.blocks <= 3, "{} blocks", size.blocks);
        assert_eq!(store.walk(1000, ReadFilter::default()).await, (0..1100).collect::<Vec<_>>());
    }

    async fn streams_that_need_packing_are_listed(store: Store) {
        store.append(&events(0..100)).await;
        assert!(store.log.streams_to_pack(HUB, 101, 10).await.unwrap().is_empty());
        let listed = store.log.streams_to_pack(HUB, 100, 10).await.unwrap();
        assert_eq!((listed[0].stream_id, listed[0].events_behind), (store.stream_id().await, 100));
    }

    async fn packing_under_a_lost_lease_changes_nothing(store: Store) {
        for number in 0..70 {
            store.append(&events(number..number + 1)).await;
        }
        let key = CursorKey { name: "packer".into(), stream_id: store.stream_id().await };
        let lease = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        store.clock.advance(LEASE);
        let (_, other) = store.second_node().await;
        other.lease(&key, LEASE).await.unwrap().unwrap();
        assert!(matches!(store.log.pack(&lease).await, Err(StoreError::LeaseLost { .. })));
        assert_eq!(store.log.size(HUB, store.stream_id().await).await.unwrap().blocks, 70);
    }

    async fn trimming_drops_whole_blocks_and_nothing_else(store: Store) {
        for number in 0..10 {
            store.append(&events(number * 10..number * 10 + 10)).await;
        }
        store.clock.set(at(1000));
        store.append(&[(at(5), payload(5000))]).await;
        let key = CursorKey { name: "retention".into(), stream_id: store.stream_id().await };
        let lease = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        // Everything so far arrived at noon; by arrival nothing before noon is left, by time what is before 35 s goes.
        assert_eq!(store.log.trim(&lease, at(0)).await.unwrap(), 0);
        assert_eq!(store.log.trim(&lease, at(35)).await.unwrap(), 101);
        assert!(store.walk(10, ReadFilter::default()).await.is_empty());
        let outcome = store.append(&events(200..201)).await;
        assert_eq!(outcome, daybook_store::Appended::New(Some((Position::new(102), Position::new(102)))));
        assert_eq!(store.walk(10, ReadFilter::default()).await, [200]);
        let window = Window::Since { start: at(0), until: Position::new(50) };
        assert_eq!(store.walk(10, ReadFilter { window, not_before: None }).await, [200]);
    }
}
