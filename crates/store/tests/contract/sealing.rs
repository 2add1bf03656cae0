//! Everything that is sealed moves under another master key at once, and only while no node is at work.

use daybook_events::{KeyId, Kind, Kinded};
use daybook_store::{
    Attendance, Backend, ConnectorState, Direction, KeyStatus, SealedKind, SealedSecret, SigningKeyRow, StoreError,
};

use crate::{contract, support::*};

/// A secret of every kind, and a removed connector, which has none.
async fn seal_something(store: &Store) -> Vec<SealedSecret> {
    store.catalog.find_or_keep_secret(HUB, "cursor key", b"old cursor key").await.unwrap();
    for private_key in [b"old first key".to_vec(), b"old second key".to_vec()] {
        let key = SigningKeyRow {
            key_id: KeyId::random(),
            status: KeyStatus::Active,
            sealed_private_key: private_key,
            public_key: vec![4; 65],
            created_at: NOON,
        };
        store.catalog.rotate_signing_key(HUB, &key).await.unwrap();
    }
    let grant = account(store, "Acme").await;
    add_connector(store, &grant, Direction::Destination, "Production").await;
    add_connector(store, &grant, Direction::Source, "Production").await;
    let removed = add_connector(store, &grant, Direction::Destination, "Gone").await;
    set_state(store, &grant, &removed.connector_id, ConnectorState::Removed).await;
    store.catalog.list_sealed(HUB).await.unwrap()
}

/// Replaces every secret, up to the commit.
async fn replace_all(store: &Store) -> daybook_store::Resealing {
    let (mut resealing, secrets) = store.catalog.begin_resealing(HUB).await.unwrap();
    for secret in secrets {
        resealing.replace(&secret, [b"new ", &secret.sealed[..]].concat()).await.unwrap();
    }
    resealing
}

contract! {
    async fn whatever_is_sealed_is_listed_and_replaced_at_once(store: Store) {
        let before = seal_something(&store).await;
        let count = |kind| before.iter().filter(|secret| secret.kind == kind).count();
        let counts = [SealedKind::HubSecret, SealedKind::SigningKey, SealedKind::Connector].map(count);
        assert_eq!(counts, [1, 2, 2], "a removed connector has no secret any more: {before:?}");
        let revision = store.catalog.revision_of_connectors(HUB).await.unwrap();

        replace_all(&store).await.commit().await.unwrap();
        let expected: Vec<_> = before
            .into_iter()
            .map(|secret| SealedSecret { sealed: [b"new ", &secret.sealed[..]].concat(), ..secret })
            .collect();
        assert_eq!(store.catalog.list_sealed(HUB).await.unwrap(), expected);
        assert_eq!(store.catalog.find_or_keep_secret(HUB, "cursor key", b"").await.unwrap(), b"new old cursor key");
        let keys = store.catalog.list_signing_keys(HUB).await.unwrap();
        assert!(keys.iter().all(|key| key.sealed_private_key.starts_with(b"new old ")), "{keys:?}");
        let connectors = store.catalog.list_all_connectors(HUB).await.unwrap();
        assert!(connectors.iter().all(|connector| connector.sealed_secrets == b"new sealed secret"), "{connectors:?}");
        assert_eq!(store.catalog.revision_of_connectors(HUB).await.unwrap(), revision, "the secrets are the same");
    }

    async fn what_is_not_committed_changes_nothing(store: Store) {
        let before = seal_something(&store).await;
        drop(replace_all(&store).await);
        assert_eq!(store.catalog.list_sealed(HUB).await.unwrap(), before);
        let (mut resealing, _) = store.catalog.begin_resealing(HUB).await.unwrap();
        resealing.replace(&before[0], b"new".to_vec()).await.unwrap();
        let unknown = SealedSecret { name: "nothing".into(), ..before[0].clone() };
        let missing = resealing.replace(&unknown, Vec::new()).await.unwrap_err();
        assert_eq!(missing.kind(), Kind::NotFound);
        drop(resealing);
        assert_eq!(store.catalog.list_sealed(HUB).await.unwrap(), before);
    }

    async fn nothing_is_resealed_while_a_node_is_at_work(store: Store) {
        let mut first = Attendance::begin(&store.database).await.unwrap();
        let second = Attendance::begin(&store.database).await.unwrap();
        first.check().await.unwrap();
        assert_eq!(first.can_be_lost(), store.database.backend() == Backend::Postgres);
        if !first.can_be_lost() {
            return;
        }
        for attendance in [first, second] {
            let refused = store.catalog.begin_resealing(HUB).await.unwrap_err();
            assert!(matches!(refused, StoreError::Attended), "{refused:?}");
            assert_eq!(refused.kind(), Kind::Conflict);
            drop(attendance);
        }
        let resealing = eventually_alone(&store).await;
        let starting = tokio::spawn({
            let database = store.database.clone();
            async move { Attendance::begin(&database).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!starting.is_finished(), "a node waits until the transaction has ended");
        drop(resealing);
        starting.await.unwrap().unwrap().check().await.unwrap();
    }
}

/// PostgreSQL notices within a moment that a session has ended.
async fn eventually_alone(store: &Store) -> daybook_store::Resealing {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        match store.catalog.begin_resealing(HUB).await {
            Ok((resealing, _)) => return resealing,
            Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
