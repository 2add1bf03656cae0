//! What connectors are, who sees and changes them, and what is left of a removed one.

use std::time::Duration;

use daybook_events::{AUDIT_EVENTS, ConnectorId, Grant, ITEM_USAGES, Kind, Kinded, Position, ReplayId};
use daybook_store::{
    Action, ActionFilter, ConnectorChange, ConnectorState, CursorKey, CursorName, Direction, Lease, NewDeadLetter,
    ReadFilter, StoreError, WhichDeadLetters,
};
use serde_json::json;

use crate::{contract, delivery, support::*};

const LEASE: Duration = Duration::from_secs(30);

/// What was done to connectors, oldest first.
async fn actions(store: &Store, grant: &Grant) -> Vec<Action> {
    let filter = ActionFilter { object_type: "sa".into(), ..ActionFilter::default() };
    let mut actions = store.catalog.list_actions(grant, &filter, None, 100).await.unwrap();
    actions.reverse();
    actions
}

/// A lease of the cursor that a name has in the item usages of an account, which get three events.
pub(crate) async fn lease_of(store: &Store, grant: &Grant, name: CursorName) -> Lease {
    append_to(&store.log, grant, &ITEM_USAGES, &events(0..3), None).await.unwrap();
    let stream = store.log.stream(&grant.to_read(&ITEM_USAGES).unwrap()).await.unwrap().unwrap();
    store.cursors.lease(&CursorKey { name, stream_id: stream.stream_id }, LEASE).await.unwrap().unwrap()
}

pub(crate) fn refused(position: i64, reason: &str) -> NewDeadLetter {
    NewDeadLetter {
        position: Position::new(position),
        event_time: at(position),
        reason: reason.into(),
        payload: payload(position),
    }
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert_eq!(error.kind(), Kind::NotFound);
}

contract! {
    async fn a_connector_comes_back_as_it_went_in(store: Store) {
        let grant = account(&store, "Acme").await;
        let destination = add_connector(&store, &grant, Direction::Destination, "Production").await;
        let source = add_connector(&store, &grant, Direction::Source, "Production").await;
        let paused = set_state(&store, &grant, &source.connector_id, ConnectorState::Paused).await;
        assert_eq!(destination.settings["url"], "https://siem.example/hook");
        assert_eq!((destination.revision, destination.created_at, paused.revision), (1, NOON, 2));
        assert_eq!(store.catalog.find_connector(&grant, &destination.connector_id).await.unwrap(), destination);
        let listed = store.catalog.list_connectors(&grant, Direction::Destination).await.unwrap();
        assert_eq!(listed, std::slice::from_ref(&destination));
        assert_eq!(store.catalog.list_connectors(&grant, Direction::Source).await.unwrap(), std::slice::from_ref(&paused));
        assert_eq!(store.catalog.list_all_connectors(HUB).await.unwrap(), [destination, paused]);
    }

    async fn a_name_is_taken_until_its_connector_is_removed(store: Store) {
        let (grant, other) = (account(&store, "Acme").await, account(&store, "Umbrella").await);
        let first = add_connector(&store, &grant, Direction::Destination, "Production").await;
        add_connector(&store, &grant, Direction::Source, "Production").await;
        add_connector(&store, &other, Direction::Destination, "Production").await;
        let second = add_connector(&store, &grant, Direction::Destination, "Second").await;

        let before = actions(&store, &grant).await.len();
        let again = new_connector(Direction::Destination, "Production");
        let taken = store.catalog.add_connector(&grant, &actor(), ConnectorId::random(), again).await.unwrap_err();
        assert_eq!(taken.kind(), Kind::Conflict);
        assert_eq!(taken.to_string(), "destination \"Production\" exists already");
        let rename = ConnectorChange { name: Some("Production".into()), ..ConnectorChange::default() };
        let taken = store.catalog.change_connector(&grant, &actor(), &second.connector_id, rename.clone()).await;
        assert!(matches!(taken, Err(StoreError::Exists { .. })), "{taken:?}");
        assert_eq!(actions(&store, &grant).await.len(), before, "what was refused leaves no trace");

        set_state(&store, &grant, &first.connector_id, ConnectorState::Removed).await;
        let renamed = store.catalog.change_connector(&grant, &actor(), &second.connector_id, rename).await.unwrap();
        assert_eq!(renamed.name, "Production");
    }

    async fn settings_are_sealed_without_a_word_of_them(store: Store) {
        let grant = account(&store, "Acme").await;
        let connector = add_connector(&store, &grant, Direction::Destination, "Production").await;
        let told = actions(&store, &grant).await.len();
        let seal = async |read| store.catalog.seal_connector_settings(HUB, read, [].into(), b"sealed".to_vec()).await;
        let sealed = seal(&connector).await.unwrap();
        assert_eq!((sealed.settings.len(), sealed.sealed_secrets.as_slice(), sealed.revision), (0, &b"sealed"[..], 2));
        assert_eq!(store.catalog.find_connector(&grant, &connector.connector_id).await.unwrap(), sealed);
        let again = store.catalog.seal_connector_settings(HUB, &connector, [].into(), b"other".to_vec()).await;
        assert_eq!(again.unwrap(), sealed, "it was changed since it was read");
        assert_eq!(actions(&store, &grant).await.len(), told, "the trail would tell what was in them");
        set_state(&store, &grant, &connector.connector_id, ConnectorState::Removed).await;
        is_missing(seal(&sealed).await);
    }

    async fn a_change_tells_what_differs_and_no_secret(store: Store) {
        let grant = account(&store, "Acme").await;
        let connector = add_connector(&store, &grant, Direction::Destination, "Production").await;
        store.clock.advance(Duration::from_secs(60));
        let change = ConnectorChange {
            name: Some("Splunk".into()),
            settings: Some([("url".into(), "https://other.example/".into()), ("index".into(), "main".into())].into()),
            sealed_secrets: Some(b"another sealed secret".to_vec()),
        };
        let changed = store.catalog.change_connector(&grant, &actor(), &connector.connector_id, change).await.unwrap();
        assert_eq!((changed.revision, changed.created_at, changed.updated_at), (2, NOON, at(60)));
        assert_eq!(changed.sealed_secrets, b"another sealed secret");
        assert_eq!(store.catalog.find_connector(&grant, &connector.connector_id).await.unwrap(), changed);

        let told = actions(&store, &grant).await;
        assert_eq!(told.iter().map(|action| action.action.as_str()).collect::<Vec<_>>(), ["create", "update"]);
        assert_eq!(told[0].after, json!({
            "direction": "destination", "kind": "webhook", "name": "Production", "state": "active",
            "settings.url": "https://siem.example/hook", "settings.timeout_secs": "30",
        }));
        assert_eq!(told[1].before, json!({
            "direction": "destination", "name": "Production", "settings.url": "https://siem.example/hook", "settings.timeout_secs": "30",
            "settings.index": null, "secrets": "[secret]",
        }));
        assert_eq!(told[1].after, json!({
            "direction": "destination", "name": "Splunk", "settings.url": "https://other.example/", "settings.timeout_secs": null,
            "settings.index": "main", "secrets": "[secret], replaced",
        }));
        let stream = grant.to_read(&AUDIT_EVENTS).unwrap();
        let page = store.log.read_after(&stream, Position::START, 100, &ReadFilter::default()).await.unwrap();
        assert_eq!(page.count(), 3, "the account, and two of the connector");
        assert!(page.iter().all(|event| !event.payload.contains("sealed")));
    }

    async fn what_is_the_same_already_is_no_change(store: Store) {
        let grant = account(&store, "Acme").await;
        let connector = add_connector(&store, &grant, Direction::Destination, "Production").await;
        let same = ConnectorChange { name: Some("Production".into()), ..ConnectorChange::default() };
        let changed = store.catalog.change_connector(&grant, &actor(), &connector.connector_id, same).await.unwrap();
        let resumed = set_state(&store, &grant, &connector.connector_id, ConnectorState::Active).await;
        assert_eq!((changed, resumed), (connector.clone(), connector));
        assert_eq!(actions(&store, &grant).await.len(), 1);
    }

    async fn every_change_of_any_connector_shows_in_one_number(store: Store) {
        let (grant, other) = (account(&store, "Acme").await, account(&store, "Umbrella").await);
        let mut seen = vec![store.catalog.revision_of_connectors(HUB).await.unwrap()];
        let first = add_connector(&store, &grant, Direction::Destination, "Production").await;
        seen.push(store.catalog.revision_of_connectors(HUB).await.unwrap());
        add_connector(&store, &other, Direction::Source, "Upstream").await;
        seen.push(store.catalog.revision_of_connectors(HUB).await.unwrap());
        let change = ConnectorChange { name: Some("Splunk".into()), ..ConnectorChange::default() };
        store.catalog.change_connector(&grant, &actor(), &first.connector_id, change).await.unwrap();
        seen.push(store.catalog.revision_of_connectors(HUB).await.unwrap());
        for state in [ConnectorState::Paused, ConnectorState::Active, ConnectorState::Removed] {
            set_state(&store, &grant, &first.connector_id, state).await;
            seen.push(store.catalog.revision_of_connectors(HUB).await.unwrap());
        }
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    }

    async fn of_a_removed_connector_only_the_row_is_left(store: Store) {
        let grant = account(&store, "Acme").await;
        let connector = add_connector(&store, &grant, Direction::Destination, "Production").await;
        let kept = add_connector(&store, &grant, Direction::Destination, "Kept").await;
        for id in [&connector.connector_id, &kept.connector_id] {
            let lease = lease_of(&store, &grant, CursorName::of_destination(id)).await;
            store.cursors.commit_with_dead_letters(&lease, Position::new(2), id, &[refused(1, "no")]).await.unwrap();
            let replay = store.catalog.add_replay(&grant, &actor(), id, (at(0), at(9))).await.unwrap();
            lease_of(&store, &grant, CursorName::of_replay(&replay.replay_id)).await;
            store.cursors.lease_source(id, &ITEM_USAGES, LEASE).await.unwrap().unwrap();
            delivery::record_all(&store, id).await;
        }
        store.clock.advance(Duration::from_secs(1));
        let removed = set_state(&store, &grant, &connector.connector_id, ConnectorState::Removed).await;
        assert_eq!((removed.state, removed.sealed_secrets.len()), (ConnectorState::Removed, 0));
        assert_eq!(store.catalog.find_connector(&grant, &connector.connector_id).await.unwrap(), removed);
        assert_eq!(store.catalog.list_all_connectors(HUB).await.unwrap(), std::slice::from_ref(&kept));
        assert_eq!(delivery::traces(&store, &grant, &connector.connector_id).await, [0; 7]);
        assert_eq!(delivery::traces(&store, &grant, &kept.connector_id).await, [1; 7]);
        assert_eq!(store.cursors.list(HUB).await.unwrap().len(), 2, "those of the other one and of its replay");
        let last = actions(&store, &grant).await.pop().unwrap();
        assert_eq!((last.action.as_str(), last.object_id.as_str()), ("delete", connector.connector_id.as_str()));
    }

    async fn a_removed_connector_cannot_be_changed(store: Store) {
        let grant = account(&store, "Acme").await;
        let id = add_connector(&store, &grant, Direction::Destination, "Production").await.connector_id;
        let lease = lease_of(&store, &grant, "reader".into()).await;
        set_state(&store, &grant, &id, ConnectorState::Removed).await;
        let change = ConnectorChange { name: Some("Splunk".into()), ..ConnectorChange::default() };
        is_missing(store.catalog.change_connector(&grant, &actor(), &id, change).await);
        is_missing(store.catalog.set_connector_state(&grant, &actor(), &id, ConnectorState::Active).await);
        is_missing(store.catalog.add_replay(&grant, &actor(), &id, (at(0), at(9))).await);
        is_missing(store.cursors.lease_source(&id, &ITEM_USAGES, LEASE).await);
        is_missing(store.cursors.commit_with_dead_letters(&lease, Position::new(2), &id, &[refused(1, "no")]).await);
        delivery::record_all(&store, &id).await;
        assert_eq!(delivery::traces(&store, &grant, &id).await, [0; 7], "what comes late is dropped");
    }

    async fn connectors_of_other_accounts_are_missing(store: Store) {
        let (grant, other) = (account(&store, "Acme").await, account(&store, "Umbrella").await);
        let id = add_connector(&store, &grant, Direction::Destination, "Production").await.connector_id;
        let lease = lease_of(&store, &grant, CursorName::of_destination(&id)).await;
        store.cursors.commit_with_dead_letters(&lease, Position::new(2), &id, &[refused(1, "no")]).await.unwrap();
        let replay = store.catalog.add_replay(&grant, &actor(), &id, (at(0), at(9))).await.unwrap().replay_id;
        let before = store.catalog.revision_of_connectors(HUB).await.unwrap();

        assert!(store.catalog.list_connectors(&other, Direction::Destination).await.unwrap().is_empty());
        is_missing(store.catalog.find_connector(&other, &id).await);
        let change = ConnectorChange { name: Some("Mine".into()), ..ConnectorChange::default() };
        is_missing(store.catalog.change_connector(&other, &actor(), &id, change).await);
        is_missing(store.catalog.set_connector_state(&other, &actor(), &id, ConnectorState::Removed).await);
        is_missing(store.catalog.connector_health(&other, &id).await);
        is_missing(store.catalog.connector_hours(&other, &id, at(0)).await);
        is_missing(store.catalog.connector_attempts(&other, &id, 10).await);
        is_missing(store.catalog.list_dead_letters(&other, &id, 10, None).await);
        is_missing(store.catalog.count_dead_letters(&other, &id).await);
        is_missing(store.catalog.find_dead_letter(&other, &id, 1).await);
        for which in [WhichDeadLetters::One(1), WhichDeadLetters::All] {
            is_missing(store.catalog.queue_dead_letters(&other, &actor(), &id, which).await);
            is_missing(store.catalog.discard_dead_letters(&other, &actor(), &id, which).await);
        }
        is_missing(store.catalog.add_replay(&other, &actor(), &id, (at(0), at(9))).await);
        is_missing(store.catalog.list_replays(&other, &id).await);
        is_missing(store.catalog.cancel_replay(&other, &actor(), &replay).await);
        is_missing(store.catalog.cancel_replay(&grant, &actor(), &ReplayId::random()).await);
        is_missing(store.cursors.list_source_cursors(&other, &id).await);

        assert_eq!(store.catalog.revision_of_connectors(HUB).await.unwrap(), before);
        assert_eq!(store.catalog.count_dead_letters(&grant, &id).await.unwrap(), 1);
        assert!(actions(&store, &other).await.is_empty());
    }
}
