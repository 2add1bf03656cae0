//! Sources: each of their events is appended exactly once.

use std::time::Duration;

use daybook_events::{AUDIT_EVENTS, ConnectorId, Feature, Grant, ITEM_USAGES, NewEvent, SIGN_IN_ATTEMPTS};
use daybook_store::{
    AppendBatch, Appended, ConnectorState, Direction, EncodedBlock, EventLog, IdempotencyKey, ReadFilter, SourceLease,
    SourceMove, SourceState, StoreError,
};

use crate::{contract, support::*};

const LEASE: Duration = Duration::from_secs(30);

async fn source(store: &Store) -> (Grant, ConnectorId) {
    let grant = account(store, "Acme").await;
    let id = add_connector(store, &grant, Direction::Source, "Upstream").await.connector_id;
    (grant, id)
}

async fn lease(store: &Store, id: &ConnectorId) -> SourceLease {
    store.cursors.lease_source(id, &ITEM_USAGES, LEASE).await.unwrap().unwrap()
}

fn move_to(lease: &SourceLease, cursor: &str) -> SourceMove {
    SourceMove { lease: lease.clone(), cursor: cursor.into(), last_time: Some(at(7)) }
}

fn batch(grant: &Grant, feature: &Feature, numbers: std::ops::Range<i64>, source: SourceMove) -> AppendBatch {
    let events = events(numbers);
    let new: Vec<_> = events.iter().map(|(time, payload)| NewEvent { time: *time, payload }).collect();
    let stream = grant.to_append(feature).unwrap();
    AppendBatch { stream, blocks: EncodedBlock::encode_batch(&new), idempotency: None, source: Some(source) }
}

fn is_lost(appended: Result<Appended, StoreError>) {
    let StoreError::Shared(error) = appended.unwrap_err() else { panic!("an append's errors are shared") };
    assert!(matches!(&*error, StoreError::LeaseLost { name } if name.starts_with("source:")), "{error:?}");
}

async fn walk(log: &EventLog, grant: &Grant) -> Vec<i64> {
    walk_log(log, &grant.to_read(&ITEM_USAGES).unwrap(), 1000, ReadFilter::default()).await
}

async fn state(store: &Store, grant: &Grant, id: &ConnectorId) -> (String, i64) {
    let SourceState { cursor, events, .. } = store.cursors.list_source_cursors(grant, id).await.unwrap().remove(0);
    (cursor, events)
}

contract! {
    async fn a_source_moves_with_its_events(store: Store) {
        let (grant, id) = source(&store).await;
        let first = lease(&store, &id).await;
        assert_eq!((first.cursor.as_str(), first.last_time), ("", None));
        let to = move_to(&first, "page 2");
        let second = to.lease_after();
        store.log.append(batch(&grant, &ITEM_USAGES, 0..5, to)).await.unwrap();
        store.clock.advance(Duration::from_secs(1));
        let to = SourceMove { last_time: None, ..move_to(&second, "page 3") };
        let third = to.lease_after();
        assert_eq!(store.log.append(batch(&grant, &ITEM_USAGES, 0..0, to)).await.unwrap(), Appended::New(None));

        let leased = lease(&store, &id).await;
        assert_eq!((&leased.cursor, leased.last_time), (&"page 3".to_owned(), Some(at(7))));
        assert_eq!((third.cursor, third.last_time), (leased.cursor, leased.last_time));
        assert_eq!(store.cursors.list_source_cursors(&grant, &id).await.unwrap(), [SourceState {
            feature: ITEM_USAGES,
            cursor: "page 3".into(),
            last_time: Some(at(7)),
            events: 5,
            lease_owner: Some("first node".into()),
            updated_at: at(1),
        }]);
        assert_eq!(walk(&store.log, &grant).await, [0, 1, 2, 3, 4]);
    }

    async fn a_page_that_is_appended_again_is_refused(store: Store) {
        let (grant, id) = source(&store).await;
        let leased = lease(&store, &id).await;
        store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&leased, "page 2"))).await.unwrap();
        // The answer was lost, and the lease is still alive: only the cursor tells that it was done.
        is_lost(store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&leased, "page 2"))).await);
        assert_eq!(walk(&store.log, &grant).await, [0, 1, 2, 3, 4]);
        assert_eq!(state(&store, &grant, &id).await, ("page 2".into(), 5));
    }

    async fn one_node_at_a_time_holds_a_source(store: Store) {
        let (grant, id) = source(&store).await;
        let (log, other) = store.second_node().await;
        let lost = lease(&store, &id).await;
        assert!(other.lease_source(&id, &ITEM_USAGES, LEASE).await.unwrap().is_none());
        assert!(other.lease_source(&id, &SIGN_IN_ATTEMPTS, LEASE).await.unwrap().is_some());
        store.clock.advance(LEASE);
        is_lost(store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&lost, "expired"))).await);
        let held = other.lease_source(&id, &ITEM_USAGES, LEASE).await.unwrap().unwrap();
        is_lost(store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&lost, "taken over"))).await);
        log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&held, "page 2"))).await.unwrap();
        store.cursors.release_source(lost).await.unwrap();
        assert!(store.cursors.lease_source(&id, &ITEM_USAGES, LEASE).await.unwrap().is_none(), "it was not theirs to release");
        other.release_source(held).await.unwrap();
        assert_eq!(lease(&store, &id).await.cursor, "page 2");
        assert_eq!(walk(&store.log, &grant).await, [0, 1, 2, 3, 4]);
    }

    async fn a_lost_lease_fails_its_own_batch_alone(store: Store) {
        let (grant, id) = source(&store).await;
        let held = lease(&store, &id).await;
        let lost = store.cursors.lease_source(&id, &SIGN_IN_ATTEMPTS, Duration::ZERO).await.unwrap().unwrap();
        // So many at once that they share transactions.
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40 {
            let (log, grant, lost) = (store.log.clone(), grant.clone(), lost.clone());
            tasks.spawn(async move {
                if number % 2 == 0 {
                    let events = events(number * 10..number * 10 + 10);
                    append_to(&log, &grant, &ITEM_USAGES, &events, None).await.unwrap();
                } else {
                    let batch = batch(&grant, &ITEM_USAGES, number * 10..number * 10 + 10, move_to(&lost, "never"));
                    is_lost(log.append(batch).await);
                }
            });
        }
        store.log.append(batch(&grant, &ITEM_USAGES, 1000..1010, move_to(&held, "page 2"))).await.unwrap();
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let mut numbers = walk(&store.log, &grant).await;
        numbers.sort_unstable();
        let expected = (0..40).step_by(2).flat_map(|number| number * 10..number * 10 + 10).chain(1000..1010);
        assert_eq!(numbers, expected.collect::<Vec<_>>());
        assert_eq!(state(&store, &grant, &id).await, ("page 2".into(), 10));
    }

    async fn a_cursor_that_cannot_be_kept_is_refused_before_the_log(store: Store) {
        let (grant, id) = source(&store).await;
        let held = lease(&store, &id).await;
        for cursor in ["with\0nul".to_owned(), "x".repeat((64 << 10) + 1)] {
            let refusal = store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&held, &cursor))).await.unwrap_err();
            assert!(matches!(refusal, StoreError::SourceCursor { .. }), "{refusal:?}");
        }
        let longest = "x".repeat(64 << 10);
        store.log.append(batch(&grant, &ITEM_USAGES, 0..5, move_to(&held, &longest))).await.unwrap();
        assert_eq!(walk(&store.log, &grant).await, [0, 1, 2, 3, 4]);
    }

    async fn a_lost_lease_claims_no_idempotency_key(store: Store) {
        let (grant, id) = source(&store).await;
        let held = lease(&store, &id).await;
        let mut lost = held.clone();
        lost.cursor = "somewhere else".into();
        let key = |digest: &str| IdempotencyKey { key: "k".into(), body_digest: digest.into(), answer: "told".into() };
        let with_key = |source, digest| AppendBatch {
            idempotency: Some(key(digest)),
            ..batch(&grant, &ITEM_USAGES, 0..5, source)
        };
        is_lost(store.log.append(with_key(move_to(&lost, "never"), "a")).await);
        assert!(matches!(store.log.append(with_key(move_to(&held, "page 2"), "b")).await, Ok(Appended::New(Some(_)))));
        let moved = move_to(&held, "page 2").lease_after();
        let reused = store.log.append(with_key(move_to(&moved, "page 3"), "c")).await;
        assert!(reused.unwrap_err().to_string().starts_with("the idempotency key was used"));
        assert_eq!(state(&store, &grant, &id).await, ("page 2".into(), 5));
        let repeated = store.log.append(with_key(move_to(&moved, "page 3"), "b")).await.unwrap();
        assert_eq!(repeated, Appended::Repeated("told".into()));
        assert_eq!(state(&store, &grant, &id).await, ("page 3".into(), 5));
        assert_eq!(walk(&store.log, &grant).await, [0, 1, 2, 3, 4]);
    }

    async fn a_source_that_is_removed_amid_its_events_waits_for_nobody(store: Store) {
        let grant = account(&store, "Acme").await;
        let (log, cursors) = store.second_node().await;
        for round in 0..8_u64 {
            let id = add_connector(&store, &grant, Direction::Source, &format!("number {round}")).await.connector_id;
            let (log, cursors, grant_there, id_there) = (log.clone(), cursors.clone(), grant.clone(), id.clone());
            // Its events go where the removal's audit event goes.
            let reader = tokio::spawn(async move {
                let Ok(leased) = cursors.lease_source(&id_there, &AUDIT_EVENTS, LEASE).await else { return };
                let mut leased = leased.unwrap();
                for page in 0..30 {
                    let to = move_to(&leased, &format!("page {page}"));
                    leased = to.lease_after();
                    match log.append(batch(&grant_there, &AUDIT_EVENTS, page..page + 1, to)).await {
                        Ok(_) => {}
                        lost => return is_lost(lost),
                    }
                }
            });
            tokio::time::sleep(Duration::from_millis(round * 4)).await;
            set_state(&store, &grant, &id, ConnectorState::Removed).await;
            reader.await.unwrap();
            assert!(store.cursors.list_source_cursors(&grant, &id).await.unwrap().is_empty(), "round {round}");
        }
    }
}
