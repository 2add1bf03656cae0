//! How connectors fare, what destinations refuse, and what is delivered once more.

use daybook_events::{ConnectorId, Grant, ITEM_USAGES, Kind, Kinded, Position};
use daybook_store::{
    AttemptOutcome, ConnectorAttempt, ConnectorHealth, ConnectorHour, ConnectorState, CursorKey, CursorName,
    DeadLetterState, Direction, HealthStatus, ReplayState, Settlement, StoreError, WhichDeadLetters,
};

use crate::{
    connectors::{lease_of, refused},
    contract,
    support::*,
};

fn health(connector_id: &ConnectorId) -> ConnectorHealth {
    ConnectorHealth {
        connector_id: connector_id.clone(),
        feature: ITEM_USAGES,
        status: HealthStatus::Ok,
        last_acknowledged_at: Some(at(1)),
        last_event_time: Some(at(2)),
        last_attempt_at: Some(at(3)),
        next_attempt_at: None,
        failures: 0,
        reason: String::new(),
        fix: String::new(),
        started_at: NOON,
    }
}

fn hour(connector_id: &ConnectorId, seconds: i64) -> ConnectorHour {
    ConnectorHour {
        connector_id: connector_id.clone(),
        begins_at: at(seconds),
        events: 1,
        bytes: 20,
        batches: 3,
        retries: 4,
        rejected: 5,
        repeated: 6,
        busy_ms: 7,
    }
}

fn attempt(connector_id: &ConnectorId, events: i64) -> ConnectorAttempt {
    ConnectorAttempt {
        connector_id: connector_id.clone(),
        attempt_id: 0,
        attempted_at: at(events),
        feature: ITEM_USAGES,
        outcome: AttemptOutcome::Done,
        events,
        bytes: 100,
        duration_ms: 12,
        detail: "200 OK".into(),
    }
}

/// Records one of each for a connector.
pub(crate) async fn record_all(store: &Store, id: &ConnectorId) {
    store.catalog.record_delivery(&[health(id)], &[hour(id, 0)], &[attempt(id, 1)]).await.unwrap();
}

/// What is known of a connector, by count: health, hours, attempts, dead letters, replays, places of a source, cursors.
pub(crate) async fn traces(store: &Store, grant: &Grant, id: &ConnectorId) -> [usize; 7] {
    let cursor = CursorName::of_destination(id);
    [
        store.catalog.connector_health(grant, id).await.unwrap().len(),
        store.catalog.connector_hours(grant, id, at(-9000)).await.unwrap().len(),
        store.catalog.connector_attempts(grant, id, 100).await.unwrap().len(),
        store.catalog.list_dead_letters(grant, id, 100, None).await.unwrap().len(),
        store.catalog.list_replays(grant, id).await.unwrap().len(),
        store.cursors.list_source_cursors(grant, id).await.unwrap().len(),
        store.cursors.positions_of(grant, &cursor).await.unwrap().len(),
    ]
}

async fn destination(store: &Store) -> (Grant, ConnectorId) {
    let grant = account(store, "Acme").await;
    let id = add_connector(store, &grant, Direction::Destination, "Production").await.connector_id;
    (grant, id)
}

/// A destination that has refused the events at some positions.
async fn with_dead_letters(store: &Store, positions: std::ops::Range<i64>) -> (Grant, ConnectorId) {
    let (grant, id) = destination(store).await;
    let lease = lease_of(store, &grant, CursorName::of_destination(&id)).await;
    let letters: Vec<_> = positions.map(|position| refused(position, "400 no such field")).collect();
    store.cursors.commit_with_dead_letters(&lease, Position::new(9), &id, &letters).await.unwrap();
    (grant, id)
}

async fn positions(store: &Store, grant: &Grant, id: &ConnectorId) -> Vec<i64> {
    let letters = store.catalog.list_dead_letters(grant, id, 100, None).await.unwrap();
    letters.iter().map(|letter| letter.position.get()).collect()
}

contract! {
    async fn health_keeps_what_happened_last(store: Store) {
        let (grant, id) = destination(&store).await;
        store.catalog.record_delivery(&[health(&id)], &[], &[]).await.unwrap();
        assert_eq!(store.catalog.connector_health(&grant, &id).await.unwrap(), [health(&id)]);
        let restarted = ConnectorHealth {
            status: HealthStatus::Retrying,
            last_acknowledged_at: None,
            last_event_time: None,
            last_attempt_at: None,
            next_attempt_at: Some(at(70)),
            failures: 2,
            reason: "503\0 busy".into(),
            fix: "wait".into(),
            started_at: at(60),
            ..health(&id)
        };
        store.catalog.record_delivery(std::slice::from_ref(&restarted), &[], &[]).await.unwrap();
        let expected = ConnectorHealth {
            last_acknowledged_at: Some(at(1)),
            last_event_time: Some(at(2)),
            last_attempt_at: Some(at(3)),
            reason: "503\u{fffd} busy".into(),
            ..restarted
        };
        assert_eq!(store.catalog.connector_health(&grant, &id).await.unwrap(), [expected]);
        store.catalog.record_delivery(&[health(&id)], &[], &[]).await.unwrap();
        assert_eq!(store.catalog.connector_health(&grant, &id).await.unwrap(), [health(&id)], "no next attempt any more");
    }

    async fn hours_add_up_and_are_forgotten(store: Store) {
        let (grant, id) = destination(&store).await;
        store.catalog.record_delivery(&[], &[hour(&id, 0), hour(&id, 60), hour(&id, 3600)], &[]).await.unwrap();
        store.catalog.record_delivery(&[], &[hour(&id, 3599)], &[]).await.unwrap();
        let thrice = ConnectorHour {
            events: 3, bytes: 60, batches: 9, retries: 12, rejected: 15, repeated: 18, busy_ms: 21, ..hour(&id, 0)
        };
        let listed = store.catalog.connector_hours(&grant, &id, at(0)).await.unwrap();
        assert_eq!(listed, [thrice, hour(&id, 3600)]);
        assert_eq!(store.catalog.connector_hours(&grant, &id, at(3700)).await.unwrap(), [hour(&id, 3600)]);
        store.catalog.forget_connector_hours(at(3600)).await.unwrap();
        assert_eq!(store.catalog.connector_hours(&grant, &id, at(0)).await.unwrap(), [hour(&id, 3600)]);
    }

    async fn the_newest_attempts_of_each_connector_are_kept(store: Store) {
        let (grant, id) = destination(&store).await;
        let other = add_connector(&store, &grant, Direction::Source, "Upstream").await.connector_id;
        store.catalog.record_delivery(&[], &[], &[attempt(&other, 1)]).await.unwrap();
        for start in [0, 150] {
            let attempts: Vec<_> = (start..start + 150).map(|events| attempt(&id, events)).collect();
            store.catalog.record_delivery(&[], &[], &attempts).await.unwrap();
        }
        let kept = store.catalog.connector_attempts(&grant, &id, 1000).await.unwrap();
        let events: Vec<_> = kept.iter().map(|attempt| attempt.events).collect();
        assert_eq!(events, (100..300).rev().collect::<Vec<_>>());
        assert_eq!(kept[0], ConnectorAttempt { attempt_id: 300, ..attempt(&id, 299) });
        assert_eq!(store.catalog.connector_attempts(&grant, &id, 3).await.unwrap(), kept[..3]);
        assert_eq!(store.catalog.connector_attempts(&grant, &other, 1000).await.unwrap().len(), 1);
    }

    async fn dead_letters_are_kept_with_the_move_past_them(store: Store) {
        let (grant, id) = with_dead_letters(&store, 1..6).await;
        let listed = store.catalog.list_dead_letters(&grant, &id, 2, None).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|letter| (letter.dead_letter_id, letter.position.get())).collect();
        assert_eq!(ids, [(5, 5), (4, 4)]);
        let more = store.catalog.list_dead_letters(&grant, &id, 10, Some(4)).await.unwrap();
        assert_eq!(more.iter().map(|letter| letter.dead_letter_id).collect::<Vec<_>>(), [3, 2, 1]);
        let letter = store.catalog.find_dead_letter(&grant, &id, 4).await.unwrap();
        assert_eq!(letter, listed[1]);
        assert_eq!((letter.feature, letter.event_time, letter.payload), (ITEM_USAGES, at(4), payload(4)));
        assert_eq!((letter.reason.as_str(), letter.tries), ("400 no such field", 1));
        assert_eq!((letter.state, letter.created_at), (DeadLetterState::Kept, NOON));
        assert_eq!(store.catalog.count_dead_letters(&grant, &id).await.unwrap(), 5);
        let cursor = store.cursors.positions_of(&grant, &CursorName::of_destination(&id)).await.unwrap();
        assert_eq!(cursor[0].position, Position::new(9));
    }

    async fn a_batch_that_is_delivered_again_keeps_no_dead_letter_twice(store: Store) {
        let (grant, id) = with_dead_letters(&store, 1..3).await;
        // As after a crash behind an acknowledged delivery: another node begins again where the cursor had been.
        store.clock.advance(std::time::Duration::from_secs(30));
        let (_, other) = store.second_node().await;
        let stream_id = store.log.stream(&grant.to_read(&ITEM_USAGES).unwrap()).await.unwrap().unwrap().stream_id;
        let key = CursorKey { name: CursorName::of_destination(&id), stream_id };
        let lease = other.lease(&key, std::time::Duration::from_secs(30)).await.unwrap().unwrap();
        other.commit(&lease, Position::START).await.unwrap();
        let again = [refused(1, "400 no such index"), refused(2, "400 no such index"), refused(3, "400 no such index")];
        other.commit_with_dead_letters(&lease, Position::new(3), &id, &again).await.unwrap();
        let letters = store.catalog.list_dead_letters(&grant, &id, 10, None).await.unwrap();
        assert_eq!(letters.iter().map(|letter| letter.position.get()).collect::<Vec<_>>(), [3, 2, 1]);
        assert!(letters.iter().all(|letter| letter.reason == "400 no such index" && letter.tries == 1));
    }

    async fn without_a_lease_neither_cursor_nor_dead_letters_change(store: Store) {
        let (grant, id) = destination(&store).await;
        let lease = lease_of(&store, &grant, CursorName::of_destination(&id)).await;
        store.clock.advance(std::time::Duration::from_secs(30));
        for letters in [&[refused(1, "no")][..], &[]] {
            let lost = store.cursors.commit_with_dead_letters(&lease, Position::new(2), &id, letters).await;
            assert!(matches!(lost, Err(StoreError::LeaseLost { .. })), "{lost:?}");
        }
        assert_eq!(store.catalog.count_dead_letters(&grant, &id).await.unwrap(), 0);
        let cursor = store.cursors.positions_of(&grant, &CursorName::of_destination(&id)).await.unwrap();
        assert_eq!(cursor[0].position, Position::START);
    }

    async fn a_destination_with_too_many_dead_letters_stops_instead_of_dropping(store: Store) {
        let (grant, id) = destination(&store).await;
        let lease = lease_of(&store, &grant, CursorName::of_destination(&id)).await;
        let cursors = store.cursors.clone().with_dead_letters_max(3);
        let letters = [1, 2, 3].map(|position| refused(position, "no"));
        cursors.commit_with_dead_letters(&lease, Position::new(3), &id, &letters).await.unwrap();
        let full = cursors.commit_with_dead_letters(&lease, Position::new(4), &id, &[refused(4, "no")]).await.unwrap_err();
        assert!(matches!(full, StoreError::DeadLettersFull { count_max: 3, .. }), "{full:?}");
        assert_eq!(full.kind(), Kind::Conflict);
        let cursor = store.cursors.positions_of(&grant, &CursorName::of_destination(&id)).await.unwrap();
        assert_eq!(cursor[0].position, Position::new(3), "it has not moved past what it could not keep");
        cursors.commit_with_dead_letters(&lease, Position::new(3), &id, &letters).await.unwrap();

        store.catalog.discard_dead_letters(&grant, &actor(), &id, WhichDeadLetters::One(1)).await.unwrap();
        cursors.commit_with_dead_letters(&lease, Position::new(4), &id, &[refused(4, "no")]).await.unwrap();
        assert_eq!(positions(&store, &grant, &id).await, [4, 3, 2]);
    }

    async fn dead_letters_are_only_of_streams_of_the_own_account(store: Store) {
        let (grant, id) = destination(&store).await;
        let other = account(&store, "Umbrella").await;
        let lease = lease_of(&store, &other, CursorName::of_destination(&id)).await;
        let stray = store.cursors.commit_with_dead_letters(&lease, Position::new(2), &id, &[refused(1, "no")]).await;
        assert!(matches!(stray, Err(StoreError::Missing { .. })), "{stray:?}");
        assert_eq!(store.catalog.count_dead_letters(&grant, &id).await.unwrap(), 0);
    }

    async fn queued_dead_letters_go_or_come_back(store: Store) {
        let (grant, id) = with_dead_letters(&store, 1..5).await;
        let one = store.catalog.queue_dead_letters(&grant, &actor(), &id, WhichDeadLetters::One(2)).await.unwrap();
        let again = store.catalog.queue_dead_letters(&grant, &actor(), &id, WhichDeadLetters::One(2)).await;
        assert!(matches!(again, Err(StoreError::Missing { .. })), "{again:?}");
        let rest = store.catalog.queue_dead_letters(&grant, &actor(), &id, WhichDeadLetters::All).await.unwrap();
        assert_eq!((one, rest), (1, 3));
        let queued = store.catalog.queued_dead_letters(HUB, &id, 3).await.unwrap();
        assert_eq!(queued.iter().map(|letter| letter.dead_letter_id).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(queued.iter().all(|letter| letter.state == DeadLetterState::Queued));

        store.catalog.settle_dead_letter(HUB, &id, 1, &Settlement::Delivered).await.unwrap();
        let reason = Settlement::Refused { reason: "400 still not".into() };
        store.catalog.settle_dead_letter(HUB, &id, 2, &reason).await.unwrap();
        // One that nobody has any more: discarded while it was on its way.
        for settlement in [Settlement::Delivered, reason] {
            store.catalog.settle_dead_letter(HUB, &id, 1, &settlement).await.unwrap();
            store.catalog.settle_dead_letter(HUB, &id, 0, &settlement).await.unwrap();
        }
        assert_eq!(positions(&store, &grant, &id).await, [4, 3, 2]);
        let kept = store.catalog.find_dead_letter(&grant, &id, 2).await.unwrap();
        assert_eq!((kept.state, kept.tries, kept.reason.as_str()), (DeadLetterState::Kept, 2, "400 still not"));
        let left = store.catalog.queued_dead_letters(HUB, &id, 9).await.unwrap();
        assert_eq!(left.iter().map(|letter| letter.dead_letter_id).collect::<Vec<_>>(), [3, 4]);
    }

    async fn discarded_dead_letters_are_gone_and_told_of(store: Store) {
        let (grant, id) = with_dead_letters(&store, 1..5).await;
        let nothing = store.catalog.discard_dead_letters(&grant, &actor(), &id, WhichDeadLetters::One(0)).await;
        assert!(matches!(nothing, Err(StoreError::Missing { .. })), "{nothing:?}");
        store.catalog.discard_dead_letters(&grant, &actor(), &id, WhichDeadLetters::One(4)).await.unwrap();
        assert_eq!(positions(&store, &grant, &id).await, [3, 2, 1]);
        let gone = store.catalog.find_dead_letter(&grant, &id, 4).await;
        assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
        for (count, told) in [(3, 3), (0, 3)] {
            let discarded = store.catalog.discard_dead_letters(&grant, &actor(), &id, WhichDeadLetters::All).await;
            assert_eq!(discarded.unwrap(), count);
            assert_eq!(store.catalog.list_actions(&grant, &Default::default(), None, 100).await.unwrap().len(), told + 1);
        }
        // Numbers are not given twice: what is settled late is not another dead letter.
        let lease = lease_of(&store, &grant, CursorName::of_destination(&id)).await;
        store.cursors.commit_with_dead_letters(&lease, Position::new(10), &id, &[refused(10, "no")]).await.unwrap();
        assert_eq!(store.catalog.list_dead_letters(&grant, &id, 9, None).await.unwrap()[0].dead_letter_id, 5);
    }

    async fn a_replay_runs_until_it_is_done_or_cancelled(store: Store) {
        let (grant, id) = destination(&store).await;
        let first = store.catalog.add_replay(&grant, &actor(), &id, (at(-60), at(0))).await.unwrap();
        store.clock.advance(std::time::Duration::from_secs(1));
        let second = store.catalog.add_replay(&grant, &actor(), &id, (at(-9), at(0))).await.unwrap();
        assert_eq!((first.since, first.until, first.state, first.done_at), (at(-60), at(0), ReplayState::Running, None));
        assert_eq!(store.catalog.running_replays(HUB).await.unwrap(), [first.clone(), second.clone()]);
        lease_of(&store, &grant, CursorName::of_replay(&first.replay_id)).await;
        let lease = lease_of(&store, &grant, CursorName::of_replay(&second.replay_id)).await;

        store.catalog.finish_replay(HUB, &first.replay_id).await.unwrap();
        store.catalog.cancel_replay(&grant, &actor(), &second.replay_id).await.unwrap();
        let late = store.cursors.commit(&lease, Position::new(1)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })), "its worker learns of it: {late:?}");
        store.catalog.finish_replay(HUB, &second.replay_id).await.unwrap();
        let again = store.catalog.cancel_replay(&grant, &actor(), &first.replay_id).await;
        assert!(matches!(again, Err(StoreError::Missing { .. })), "{again:?}");
        assert!(store.catalog.running_replays(HUB).await.unwrap().is_empty());
        assert!(store.cursors.list(HUB).await.unwrap().is_empty());
        let listed = store.catalog.list_replays(&grant, &id).await.unwrap();
        let states: Vec<_> = listed.iter().map(|replay| (replay.state, replay.done_at)).collect();
        assert_eq!(states, [(ReplayState::Cancelled, Some(at(1))), (ReplayState::Done, Some(at(1)))]);
        let actions = store.catalog.list_actions(&grant, &Default::default(), None, 100).await.unwrap();
        assert_eq!(actions.len(), 5, "the account, the destination, two replays, and the end of one");
    }

    async fn only_a_destination_can_be_replayed_to(store: Store) {
        let grant = account(&store, "Acme").await;
        let id = add_connector(&store, &grant, Direction::Source, "Upstream").await.connector_id;
        let refusal = store.catalog.add_replay(&grant, &actor(), &id, (at(0), at(9))).await.unwrap_err();
        assert_eq!(refusal.to_string(), format!("no destination \"{id}\""));
    }

    async fn a_removal_amid_deliveries_leaves_nothing_and_nobody_waiting(store: Store) {
        let grant = account(&store, "Acme").await;
        for round in 0..8 {
            let id = add_connector(&store, &grant, Direction::Destination, &format!("number {round}")).await.connector_id;
            let lease = lease_of(&store, &grant, CursorName::of_destination(&id)).await;
            let (catalog, recorded) = (store.catalog.clone(), id.clone());
            let recorder = tokio::spawn(async move {
                for events in 0..20 {
                    let attempts = [attempt(&recorded, events)];
                    catalog.record_delivery(&[health(&recorded)], &[hour(&recorded, 0)], &attempts).await.unwrap();
                }
            });
            let (_, cursors) = store.second_node().await;
            let refusing = id.clone();
            let deliverer = tokio::spawn(async move {
                for position in 1..20 {
                    let letters = [refused(position, "no")];
                    match cursors.commit_with_dead_letters(&lease, Position::new(position), &refusing, &letters).await {
                        Ok(()) => {}
                        Err(StoreError::Missing { .. } | StoreError::LeaseLost { .. }) => break,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
            tokio::time::sleep(std::time::Duration::from_millis(round * 3)).await;
            set_state(&store, &grant, &id, ConnectorState::Removed).await;
            recorder.await.unwrap();
            deliverer.await.unwrap();
            assert_eq!(traces(&store, &grant, &id).await, [0; 7], "round {round}");
        }
    }
}
