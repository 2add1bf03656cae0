//! Named cursors and their leases.

use std::time::Duration;

use daybook_events::{AccountId, Grant, ITEM_USAGES, Position, SIGN_IN_ATTEMPTS};
use daybook_store::{CursorKey, CursorName, Lease, StoreError};

use crate::{contract, support::*};

const LEASE: Duration = Duration::from_secs(30);

/// A lease of a reader's cursor in the stream of a feature, which gets three events.
async fn lease_in(store: &Store, name: &str, grant: &Grant, feature: &daybook_events::Feature) -> Lease {
    append_to(&store.log, grant, feature, &events(0..3), None).await.unwrap();
    let stream = store.log.stream(&grant.to_read(feature).unwrap()).await.unwrap().unwrap();
    let key = CursorKey { name: name.into(), stream_id: stream.stream_id };
    store.cursors.lease(&key, LEASE).await.unwrap().unwrap()
}

contract! {
    async fn a_cursor_moves_only_under_its_lease(store: Store) {
        store.append(&events(0..3)).await;
        let key = CursorKey { name: "reader".into(), stream_id: store.stream_id().await };
        assert_eq!(store.cursors.load(&key).await.unwrap(), Position::START);
        let lease = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        store.cursors.commit(&lease, Position::new(2)).await.unwrap();
        assert_eq!(store.cursors.load(&key).await.unwrap(), Position::new(2));

        let (_, other) = store.second_node().await;
        assert!(other.lease(&key, LEASE).await.unwrap().is_none());
        let renewed = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        assert_eq!(renewed.position, Position::new(2));
    }

    async fn an_expired_lease_goes_to_whoever_asks(store: Store) {
        store.append(&events(0..3)).await;
        let key = CursorKey { name: "reader".into(), stream_id: store.stream_id().await };
        let (_, other) = store.second_node().await;
        let lost = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        store.clock.advance(LEASE);
        let lease = other.lease(&key, LEASE).await.unwrap().unwrap();
        let late = store.cursors.commit(&lost, Position::new(3)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { name }) if name == "reader"));
        other.commit(&lease, Position::new(1)).await.unwrap();
        assert_eq!(store.cursors.load(&key).await.unwrap(), Position::new(1));
    }

    async fn a_released_lease_is_free_at_once(store: Store) {
        store.append(&events(0..3)).await;
        let key = CursorKey { name: "reader".into(), stream_id: store.stream_id().await };
        let (_, other) = store.second_node().await;
        let lease = store.cursors.lease(&key, LEASE).await.unwrap().unwrap();
        store.cursors.release(lease).await.unwrap();
        assert!(other.lease(&key, LEASE).await.unwrap().is_some());
        let listed = store.cursors.list(HUB).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].lease_owner.as_deref(), Some("second node"));
        assert_eq!(listed[0].head, Position::new(3));
    }

    async fn a_cursor_may_be_moved_back_under_its_lease(store: Store) {
        let lease = lease_in(&store, "reader", &store.grant, &ITEM_USAGES).await;
        let key = CursorKey { name: "reader".into(), stream_id: store.stream_id().await };
        store.cursors.commit(&lease, Position::new(3)).await.unwrap();
        store.cursors.commit(&lease, Position::new(1)).await.unwrap();
        assert_eq!(store.cursors.load(&key).await.unwrap(), Position::new(1));
    }

    async fn of_many_moves_only_those_without_a_lease_fail(store: Store) {
        let other_account = Grant::administrator(AccountId::random());
        let lost = lease_in(&store, "reader", &store.grant, &SIGN_IN_ATTEMPTS).await;
        store.clock.advance(LEASE);
        let first = lease_in(&store, "reader", &store.grant, &ITEM_USAGES).await;
        let last = lease_in(&store, "another reader", &other_account, &ITEM_USAGES).await;
        let moves = [(first, Position::new(1)), (lost, Position::new(2)), (last, Position::new(3))];
        let outcomes = store.cursors.commit_all(&moves).await.unwrap();
        assert!(
            matches!(&outcomes[..], [Ok(()), Err(StoreError::LeaseLost { name }), Ok(())] if name == "reader"),
            "{outcomes:?}"
        );
        let positions: Vec<_> = store.cursors.list(HUB).await.unwrap().iter().map(|cursor| cursor.position.get()).collect();
        assert_eq!(positions, [3, 1, 0], "by name, account and feature");
        assert!(store.cursors.commit_all(&[]).await.unwrap().is_empty());
    }

    async fn positions_of_a_reader_are_those_in_the_own_account(store: Store) {
        let other_account = Grant::administrator(AccountId::random());
        for feature in [SIGN_IN_ATTEMPTS, ITEM_USAGES] {
            let lease = lease_in(&store, "reader", &store.grant, &feature).await;
            store.cursors.commit(&lease, Position::new(2)).await.unwrap();
        }
        lease_in(&store, "reader", &other_account, &ITEM_USAGES).await;
        lease_in(&store, "another reader", &store.grant, &ITEM_USAGES).await;
        let name = CursorName::from("reader");
        let listed = store.cursors.positions_of(&store.grant, &name).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|cursor| {
                assert_eq!(cursor.account, *store.grant.account());
                (cursor.feature.as_str(), cursor.position.get(), cursor.head.get())
            })
            .collect();
        assert_eq!(listed, [("itemusages", 2, 6), ("signinattempts", 2, 3)]);
    }

    async fn removing_a_reader_takes_its_leases_along(store: Store) {
        let lease = lease_in(&store, "reader", &store.grant, &ITEM_USAGES).await;
        lease_in(&store, "another reader", &store.grant, &ITEM_USAGES).await;
        assert_eq!(store.cursors.remove_named(HUB, &"reader".into()).await.unwrap(), 1);
        let late = store.cursors.commit(&lease, Position::new(3)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
        let left: Vec<_> = store.cursors.list(HUB).await.unwrap().into_iter().map(|cursor| cursor.name).collect();
        assert_eq!(left, ["another reader"]);
    }

    async fn a_renewed_lease_lasts_longer_and_makes_no_cursor(store: Store) {
        let lease = lease_in(&store, "reader", &store.grant, &ITEM_USAGES).await;
        let key = CursorKey { name: "reader".into(), stream_id: store.stream_id().await };
        let (_, other) = store.second_node().await;
        store.clock.advance(LEASE / 2);
        store.cursors.renew(&lease, LEASE).await.unwrap();
        store.clock.advance(LEASE / 2);
        assert!(other.lease(&key, LEASE).await.unwrap().is_none());
        store.cursors.commit(&lease, Position::new(1)).await.unwrap();
        store.clock.advance(LEASE / 2);
        let taken = other.lease(&key, LEASE).await.unwrap().unwrap();
        assert!(matches!(store.cursors.renew(&lease, LEASE).await, Err(StoreError::LeaseLost { .. })));
        store.cursors.remove_named(HUB, &key.name).await.unwrap();
        assert!(matches!(other.renew(&taken, LEASE).await, Err(StoreError::LeaseLost { .. })));
        assert!(store.cursors.list(HUB).await.unwrap().is_empty());
    }
}
