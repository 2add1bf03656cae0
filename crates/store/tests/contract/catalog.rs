//! Accounts, integrations, tokens and keys, and the audit events that tell of them.

use std::collections::BTreeSet;

use daybook_events::{
    AUDIT_EVENTS, AccountId, Grant, ITEM_USAGES, IntegrationId, KeyId, Kind, Kinded, Position, SIGN_IN_ATTEMPTS,
    TokenId,
};
use daybook_store::{
    ActionFilter, FeatureUse, Integration, IntegrationKind, IntegrationState, KeyStatus, NewToken, ReadFilter,
    SigningKeyRow, TokenRefusal, TokenRights, TokenUse,
};

use crate::{contract, support::*};

/// What the account's own audit events say, in short.
async fn audit_trail(store: &Store, grant: &Grant) -> Vec<String> {
    let stream = grant.to_read(&AUDIT_EVENTS).unwrap();
    let page = store.log.read_after(&stream, Position::START, 1000, &ReadFilter::default()).await.unwrap();
    page.iter()
        .map(|event| {
            let event: daybook_events::wire::AuditEvent = serde_json::from_str(event.payload).unwrap();
            format!("{} {} {}", event.object_type, event.action, event.aux_info.unwrap_or_default())
        })
        .collect()
}

async fn with_integration(store: &Store) -> (Grant, Integration, SigningKeyRow) {
    let account = store.catalog.add_account(HUB, &actor(), "Acme", None).await.unwrap();
    let grant = Grant::administrator(account.account_id);
    let integration =
        store.catalog.add_integration(&grant, &actor(), IntegrationKind::Splunk, "Splunk production").await.unwrap();
    let key = SigningKeyRow {
        key_id: KeyId::random(),
        status: KeyStatus::Active,
        sealed_private_key: vec![1, 2, 3],
        public_key: vec![4; 65],
        created_at: NOON,
    };
    store.catalog.rotate_signing_key(HUB, &key).await.unwrap();
    (grant, integration, key)
}

fn new_token(integration: &Integration, key: &SigningKeyRow, name: &str) -> NewToken {
    NewToken {
        token_id: TokenId::random(),
        integration_id: integration.integration_id.clone(),
        name: name.into(),
        rights: TokenRights {
            features: BTreeSet::from([AUDIT_EVENTS, ITEM_USAGES]),
            expires_at: Some(at(3600)),
            networks: "10.0.0.0/8".parse().unwrap(),
            requests_per_minute: Some(60),
        },
        signature_digest: format!("digest of {name} {}", TokenId::random()),
        key_id: key.key_id.clone(),
        issued_at: NOON,
        replaces: None,
    }
}

contract! {
    async fn account_names_are_unique_and_listed(store: Store) {
        let account = store.catalog.add_account(HUB, &actor(), "Acme", Some(90)).await.unwrap();
        let taken = store.catalog.add_account(HUB, &actor(), "Acme", None).await.unwrap_err();
        assert_eq!((taken.kind(), taken.to_string()), (Kind::Conflict, "account \"Acme\" exists already".into()));
        assert_eq!(store.catalog.list_accounts(HUB).await.unwrap(), std::slice::from_ref(&account));
        assert_eq!(store.catalog.find_account(HUB, &account.account_id).await.unwrap(), account);
        let changed = store.catalog.set_account_retention(&HUB.account(account.account_id.clone()), &actor(), None).await.unwrap();
        assert_eq!(changed.retention_days, None);
        let unknown = store.catalog.find_account(HUB, &AccountId::random()).await.unwrap_err();
        assert_eq!(unknown.kind(), Kind::NotFound);
    }

    async fn every_change_is_an_audit_event_of_the_account(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap();
        let token = store.catalog.list_tokens(&grant).await.unwrap().remove(0);
        store.catalog.rename_token(&grant, &actor(), &token, "t2").await.unwrap();
        store.catalog.revoke_token(&grant, &actor(), &token).await.unwrap();
        store
            .catalog
            .set_integration_state(&grant, &actor(), &integration, IntegrationState::Removed)
            .await
            .unwrap();
        assert_eq!(audit_trail(&store, &grant).await, [
            "account create Acme",
            "sa create Splunk production",
            "satoken create t1",
            "satoken tverify t1",
            "satoken trename t2",
            "satoken trevoke t1",
            "sa delete removed",
        ]);
    }

    async fn a_refused_change_leaves_no_audit_event(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap();
        let before = audit_trail(&store, &grant).await;
        let taken = store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap_err();
        assert_eq!(taken.kind(), Kind::Conflict);
        let taken = store.catalog.add_integration(&grant, &actor(), IntegrationKind::Other, "Splunk production").await;
        assert_eq!(taken.unwrap_err().kind(), Kind::Conflict);
        let mut nobody = integration.clone();
        nobody.integration_id = IntegrationId::random();
        let missing = store.catalog.add_token(&grant, &actor(), &new_token(&nobody, &key, "t2")).await.unwrap_err();
        assert_eq!(missing.kind(), Kind::NotFound);
        assert_eq!(audit_trail(&store, &grant).await, before);
    }

    async fn a_token_is_found_by_its_digest_until_it_ends(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        let token = new_token(&integration, &key, "t1");
        store.catalog.add_token(&grant, &actor(), &token).await.unwrap();
        let verdict = store.catalog.find_token(&token.signature_digest).await.unwrap().unwrap();
        assert_eq!(verdict.account_id, *grant.account());
        assert_eq!(verdict.rights, token.rights);
        assert_eq!((verdict.rights.expires_at, verdict.revoked_at), (Some(at(3600)), None));
        assert_eq!((verdict.state, verdict.key_status), (IntegrationState::Active, KeyStatus::Active));
        assert!(store.catalog.find_token("another digest").await.unwrap().is_none());

        let row = store.catalog.list_tokens(&grant).await.unwrap().remove(0);
        store.catalog.revoke_token(&grant, &actor(), &row).await.unwrap();
        let verdict = store.catalog.find_token(&token.signature_digest).await.unwrap().unwrap();
        assert_eq!(verdict.revoked_at, Some(NOON));
        let again = store.catalog.revoke_token(&grant, &actor(), &row).await.unwrap_err();
        assert_eq!(again.kind(), Kind::NotFound);
        store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap();
    }

    async fn another_account_sees_and_changes_nothing(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap();
        let row = store.catalog.list_tokens(&grant).await.unwrap().remove(0);
        let stranger = Grant::administrator(AccountId::random());
        assert!(store.catalog.list_tokens(&stranger).await.unwrap().is_empty());
        assert!(store.catalog.list_integrations(&stranger).await.unwrap().is_empty());
        let revoked = store.catalog.revoke_token(&stranger, &actor(), &row).await;
        assert_eq!(revoked.unwrap_err().kind(), Kind::NotFound);
        let renamed = store.catalog.rename_token(&stranger, &actor(), &row, "mine").await;
        assert_eq!(renamed.unwrap_err().kind(), Kind::NotFound);
        let removed =
            store.catalog.set_integration_state(&stranger, &actor(), &integration, IntegrationState::Removed).await;
        assert_eq!(removed.unwrap_err().kind(), Kind::NotFound);
        assert!(audit_trail(&store, &stranger).await.is_empty());
    }

    async fn the_use_of_tokens_adds_up(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        let token = new_token(&integration, &key, "t1");
        store.catalog.add_token(&grant, &actor(), &token).await.unwrap();
        for (seconds, events) in [(1, 100), (2, 50)] {
            let used = FeatureUse {
                feature: "itemusages".into(),
                last_used_at: at(seconds),
                address: "192.0.2.1".into(),
                user_agent: "a client".into(),
                requests: 1,
                events,
                position: Position::new(events),
            };
            let used = TokenUse { token_id: token.token_id.clone(), used };
            store.catalog.record_token_uses(&[used], &[]).await.unwrap();
        }
        let uses = store.catalog.list_tokens(&grant).await.unwrap().remove(0).uses;
        assert_eq!((uses[0].requests, uses[0].events, uses[0].last_used_at), (2, 150, at(2)));
        assert_eq!(uses[0].position, Position::new(50));
        let hours = store.catalog.list_token_hours(&grant, NOON).await.unwrap();
        assert_eq!((hours.len(), hours[0].requests, hours[0].events), (1, 2, 150));
        store.catalog.forget_token_hours(at(7200)).await.unwrap();
        assert!(store.catalog.list_token_hours(&grant, NOON).await.unwrap().is_empty());
    }

    async fn refusals_add_up_by_reason_and_are_the_accounts_own(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        let token = new_token(&integration, &key, "t1");
        store.catalog.add_token(&grant, &actor(), &token).await.unwrap();
        let refusal = |token_id: Option<TokenId>, reason: &str, seconds| TokenRefusal {
            account_id: token_id.is_some().then(|| grant.account().clone()),
            token_id,
            reason: reason.into(),
            feature: String::new(),
            refused_at: at(seconds),
            address: "192.0.2.1".into(),
            user_agent: "a client".into(),
            requests: 1,
        };
        let own = |seconds| refusal(Some(token.token_id.clone()), "expired", seconds);
        store.catalog.record_token_uses(&[], &[own(1), refusal(None, "unknown", 2)]).await.unwrap();
        store.catalog.record_token_uses(&[], &[own(3)]).await.unwrap();
        let refusals = store.catalog.list_token_refusals(&grant, NOON).await.unwrap();
        assert_eq!(refusals, [TokenRefusal { requests: 2, ..own(3) }]);
        assert_eq!(store.catalog.list_stray_refusals(HUB, NOON).await.unwrap(), [refusal(None, "unknown", 2)]);
        assert!(store.catalog.list_token_refusals(&grant, at(4)).await.unwrap().is_empty());
    }

    async fn rights_change_and_the_claims_stay(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        let token = new_token(&integration, &key, "t1");
        store.catalog.add_token(&grant, &actor(), &token).await.unwrap();
        let row = store.catalog.list_tokens(&grant).await.unwrap().remove(0);
        let rights = TokenRights { features: [AUDIT_EVENTS].into(), ..TokenRights::default() };
        store.clock.set(at(1));
        store.catalog.change_token_rights(&grant, &actor(), &row, &rights).await.unwrap();
        let changed = store.catalog.list_tokens(&grant).await.unwrap().remove(0);
        assert_eq!((&changed.rights, &changed.claimed_features), (&rights, &token.rights.features));
        assert_eq!(changed.claimed_expires_at, Some(at(3600)));
        let verdict = store.catalog.find_token(&token.signature_digest).await.unwrap().unwrap();
        assert_eq!(verdict.rights, rights);
        let action = store.catalog.list_actions(&grant, &ActionFilter::default(), None, 1).await.unwrap().remove(0);
        assert_eq!(action.before["networks"], "10.0.0.0/8");
        assert_eq!(action.after["features"], serde_json::json!(["auditevents"]));
        let stranger = Grant::administrator(AccountId::random());
        let refused = store.catalog.change_token_rights(&stranger, &actor(), &row, &rights).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::NotFound);
    }

    async fn an_approaching_end_is_announced_once(store: Store) {
        let (grant, integration, key) = with_integration(&store).await;
        store.catalog.add_token(&grant, &actor(), &new_token(&integration, &key, "t1")).await.unwrap();
        let ending = store.catalog.list_ending_tokens(HUB, NOON, at(3600)).await.unwrap();
        assert_eq!((ending.len(), ending[0].name.as_str()), (1, "t1"));
        assert!(store.catalog.list_ending_tokens(HUB, at(3600), at(7200)).await.unwrap().is_empty());
        for (days, is_new) in [(1, true), (1, false), (0, true)] {
            assert_eq!(store.catalog.announce_token_end(HUB, &actor(), &ending[0], days).await.unwrap(), is_new);
        }
        assert_eq!(audit_trail(&store, &grant).await[4..], [
            "satoken update t1 of Splunk production expires within 1 day",
            "satoken expire t1 of Splunk production has expired",
        ]);
    }

    async fn a_removed_integration_comes_back_unless_its_name_is_taken(store: Store) {
        let (grant, integration, _) = with_integration(&store).await;
        let set = async |from: &Integration, state| {
            store.catalog.set_integration_state(&grant, &actor(), from, state).await
        };
        set(&integration, IntegrationState::Removed).await.unwrap();
        let removed = store.catalog.find_integration(&grant, integration.integration_id.as_str()).await.unwrap();
        set(&removed, IntegrationState::Disabled).await.unwrap();
        let back = store.catalog.list_integrations(&grant).await.unwrap().remove(0);
        assert_eq!(back.state, IntegrationState::Disabled);
        store.catalog.rename_integration(&grant, &actor(), &back, "Splunk test").await.unwrap();
        set(&back, IntegrationState::Removed).await.unwrap();
        store.catalog.add_integration(&grant, &actor(), IntegrationKind::Other, "Splunk test").await.unwrap();
        let removed = Integration { state: IntegrationState::Removed, ..back };
        assert_eq!(set(&removed, IntegrationState::Disabled).await.unwrap_err().kind(), Kind::Conflict);
    }

    async fn one_signing_key_is_active_and_revoked_ones_stay_known(store: Store) {
        let (_, _, first) = with_integration(&store).await;
        let second = SigningKeyRow { key_id: KeyId::random(), created_at: at(1), ..first.clone() };
        assert_eq!(store.catalog.revoke_signing_key(HUB, &first.key_id).await.unwrap_err().kind(), Kind::NotFound);
        store.catalog.rotate_signing_key(HUB, &second).await.unwrap();
        store.catalog.revoke_signing_key(HUB, &first.key_id).await.unwrap();
        let keys = store.catalog.list_signing_keys(HUB).await.unwrap();
        assert_eq!(keys.iter().map(|key| key.status).collect::<Vec<_>>(), [KeyStatus::Active, KeyStatus::Revoked]);
        assert_eq!(keys[0].sealed_private_key, [1, 2, 3]);
    }

    async fn the_first_secret_stays(store: Store) {
        assert_eq!(store.catalog.find_or_keep_secret(HUB, "cursor key", &[1]).await.unwrap(), [1]);
        assert_eq!(store.catalog.find_or_keep_secret(HUB, "cursor key", &[2]).await.unwrap(), [1]);
        store.catalog.add_administration_token(HUB, "digest", "this node").await.unwrap();
        store.catalog.add_administration_token(HUB, "digest", "this node").await.unwrap();
        assert_eq!(store.catalog.find_administration_token("digest").await.unwrap().as_deref(), Some("this node"));
        assert_eq!(store.catalog.find_administration_token("other").await.unwrap(), None);
        assert_eq!(store.catalog.list_administration_tokens(HUB).await.unwrap().len(), 1);
        store.catalog.revoke_administration_token(HUB, "digest").await.unwrap();
        assert_eq!(store.catalog.find_administration_token("digest").await.unwrap(), None);
        assert!(SIGN_IN_ATTEMPTS.is_wire());
    }
}
