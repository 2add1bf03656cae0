//! Named cursors and their leases.

use std::time::Duration;

use daybook_events::Position;
use daybook_store::{CursorKey, StoreError};

use crate::{contract, support::*};

const LEASE: Duration = Duration::from_secs(30);

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
}
