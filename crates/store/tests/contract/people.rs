//! People, what they may do where, their sessions, and the links that are good once.

use daybook_events::{Actor, Grant, Kind, Kinded, Role};
use daybook_store::{
    ActionFilter, ActionPlace, Link, MemberState, NewLink, NewPerson, NewSession, Person, SignInMethod, StoreError,
};

use crate::{contract, support::*};

fn person_named(name: &str) -> NewPerson {
    NewPerson { email: format!("{name}@acme.example"), name: name.into(), password_hash: format!("hash of {name}") }
}

fn link(code: &str) -> NewLink {
    NewLink { code_digest: code.into(), expires_at: at(900) }
}

/// The first owner, and the grant of their account.
async fn owner(store: &Store) -> (Person, Grant) {
    store.catalog.add_setup_link(HUB, &link("setup")).await.unwrap();
    let owner = store.catalog.create_owner("setup", &person_named("Olga"), "Acme", "192.0.2.1").await.unwrap();
    let account = store.catalog.list_memberships(&owner.person_id).await.unwrap().remove(0).account;
    (owner, Grant::administrator(account.account_id))
}

async fn invite(store: &Store, grant: &Grant, name: &str, role: Role) -> Link {
    let email = format!("{name}@ACME.example");
    store.catalog.invite(grant, (&actor(), Role::Owner), (&email, role), &link(name)).await.unwrap()
}

/// Somebody who has followed an invitation.
async fn joined(store: &Store, grant: &Grant, name: &str, role: Role) -> Person {
    let invitation = invite(store, grant, name, role).await;
    let new = person_named(name);
    store.catalog.accept_invitation_as_new(name, &invitation, &new, "192.0.2.2").await.unwrap()
}

async fn roles(store: &Store, grant: &Grant) -> Vec<(String, Role, MemberState)> {
    let members = store.catalog.list_members(grant).await.unwrap();
    members.into_iter().map(|member| (member.name, member.role, member.state)).collect()
}

contract! {
    async fn the_first_owner_owns_every_account_and_there_is_one_first(store: Store) {
        assert!(!store.catalog.has_people().await.unwrap());
        let early = store.catalog.add_account(HUB, &actor(), "Early", None).await.unwrap();
        store.catalog.add_setup_link(HUB, &link("void")).await.unwrap();
        store.catalog.add_setup_link(HUB, &link("setup")).await.unwrap();
        let new = person_named("Olga");
        let void = store.catalog.create_owner("void", &new, "Acme", "192.0.2.1").await.unwrap_err();
        assert_eq!(void.kind(), Kind::NotFound);
        let owner = store.catalog.create_owner("setup", &new, "Acme", "192.0.2.1").await.unwrap();
        assert!(owner.runs_hub && store.catalog.has_people().await.unwrap());
        let owned = store.catalog.list_memberships(&owner.person_id).await.unwrap();
        assert_eq!((owned.len(), &owned[0].account.account_id), (1, &early.account_id));
        assert_eq!(store.catalog.create_owner("setup", &new, "Acme", "").await.unwrap_err().kind(), Kind::NotFound);
        store.catalog.add_setup_link(HUB, &link("again")).await.unwrap();
        let second = store.catalog.create_owner("again", &person_named("Eve"), "Acme", "").await.unwrap_err();
        assert_eq!(second.kind(), Kind::Conflict);
    }

    async fn a_link_is_good_once_and_in_time(store: Store) {
        let (_, grant) = owner(&store).await;
        let invitation = invite(&store, &grant, "Vera", Role::Viewer).await;
        assert_eq!((invitation.email.as_str(), invitation.role), ("vera@acme.example", Role::Viewer));
        assert_eq!(store.catalog.find_link("Vera").await.unwrap().unwrap(), invitation);
        let new = person_named("Vera");
        store.catalog.accept_invitation_as_new("Vera", &invitation, &new, "").await.unwrap();
        let again = store.catalog.accept_invitation_as_new("Vera", &invitation, &new, "").await.unwrap_err();
        assert_eq!(again.kind(), Kind::NotFound);

        let late = invite(&store, &grant, "Late", Role::Viewer).await;
        store.clock.set(at(900));
        assert!(store.catalog.find_link("Late").await.unwrap().is_none());
        let new = person_named("Late");
        let ended = store.catalog.accept_invitation_as_new("Late", &late, &new, "").await.unwrap_err();
        assert_eq!(ended.kind(), Kind::NotFound);
        store.catalog.withdraw_invitation(&grant, &actor(), &late).await.unwrap();
        assert!(store.catalog.list_invitations(&grant).await.unwrap().is_empty());
        assert_eq!(store.catalog.withdraw_invitation(&grant, &actor(), &late).await.unwrap_err().kind(), Kind::NotFound);
    }

    async fn an_account_keeps_an_active_owner(store: Store) {
        let (olga, grant) = owner(&store).await;
        let actor = actor();
        let by = (&actor, Role::Owner);
        let last = [
            store.catalog.set_member_role(&grant, by, &olga.person_id, Role::Administrator).await,
            store.catalog.set_member_state(&grant, by, &olga.person_id, MemberState::Suspended).await,
            store.catalog.remove_member(&grant, by, &olga.person_id).await,
        ];
        assert!(last.iter().all(|outcome| matches!(outcome, Err(StoreError::LastOwner))), "{last:?}");
        let otto = joined(&store, &grant, "Otto", Role::Owner).await;
        store.catalog.set_member_state(&grant, by, &otto.person_id, MemberState::Suspended).await.unwrap();
        let suspended_is_none = store.catalog.remove_member(&grant, by, &olga.person_id).await;
        assert!(matches!(suspended_is_none, Err(StoreError::LastOwner)));
        store.catalog.set_member_state(&grant, by, &otto.person_id, MemberState::Active).await.unwrap();
        store.catalog.remove_member(&grant, by, &olga.person_id).await.unwrap();
        assert_eq!(roles(&store, &grant).await, [("Otto".into(), Role::Owner, MemberState::Active)]);
        assert!(store.catalog.list_memberships(&olga.person_id).await.unwrap().is_empty());
    }

    async fn two_owners_cannot_remove_each_other_at_once(store: Store) {
        let (olga, grant) = owner(&store).await;
        let otto = joined(&store, &grant, "Otto", Role::Owner).await;
        let actor = actor();
        let by = (&actor, Role::Owner);
        let (first, second) = tokio::join!(
            store.catalog.remove_member(&grant, by, &olga.person_id),
            store.catalog.remove_member(&grant, by, &otto.person_id),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        assert_eq!(roles(&store, &grant).await.len(), 1);
    }

    async fn an_administrator_does_not_touch_owners(store: Store) {
        let (olga, grant) = owner(&store).await;
        let vera = joined(&store, &grant, "Vera", Role::Viewer).await;
        let actor = actor();
        let by = (&actor, Role::Administrator);
        let refused = [
            store.catalog.remove_member(&grant, by, &olga.person_id).await,
            store.catalog.set_member_role(&grant, by, &vera.person_id, Role::Owner).await,
            store.catalog.invite(&grant, by, ("eve@x.example", Role::Owner), &link("eve")).await.map(|_| ()),
            store.catalog.remove_member(&grant, (&actor, Role::Viewer), &vera.person_id).await,
        ];
        assert!(refused.iter().all(|outcome| matches!(outcome, Err(StoreError::AboveRole { .. }))), "{refused:?}");
        store.catalog.set_member_role(&grant, by, &vera.person_id, Role::Administrator).await.unwrap();
        let stranger = HUB.account(daybook_events::AccountId::random());
        let elsewhere = store.catalog.remove_member(&stranger, (&actor, Role::Owner), &vera.person_id).await;
        assert_eq!(elsewhere.unwrap_err().kind(), Kind::NotFound);
    }

    async fn sessions_end_by_age_idleness_and_word(store: Store) {
        let (olga, _) = owner(&store).await;
        let begin = async |secret: &str| {
            let session = NewSession {
                person_id: olga.person_id.clone(),
                secret_digest: secret.into(),
                method: SignInMethod::Password,
                expires_at: at(7200),
                address: "192.0.2.1".into(),
                user_agent: "a browser".into(),
            };
            store.catalog.add_session(&session).await.unwrap()
        };
        let first = begin("first").await;
        begin("second").await;
        let find = async |secret: &str, seen_after| store.catalog.find_session(secret, seen_after).await.unwrap();
        let (session, person) = find("first", at(-1800)).await.unwrap();
        assert_eq!((session.session_id, person.email.as_str()), (first.clone(), "olga@acme.example"));
        assert_eq!(person.signed_in_at, Some(NOON));
        assert!(find("first", at(1)).await.is_none(), "idle for too long");
        store.clock.set(at(60));
        store.catalog.touch_session("first", "192.0.2.9").await.unwrap();
        assert!(find("first", at(1)).await.is_some());
        store.catalog.end_session(&olga.person_id, first.as_str()).await.unwrap();
        assert!(find("first", at(-1800)).await.is_none());
        store.clock.set(at(7200));
        assert!(find("second", at(-1800)).await.is_none(), "too old");
        store.catalog.forget_ended_sessions(at(7201)).await.unwrap();
        store.clock.set(at(60));
        assert!(store.catalog.list_sessions(&olga.person_id, at(-1800)).await.unwrap().is_empty());
    }

    async fn a_hash_is_written_anew_only_for_the_same_password(store: Store) {
        let (olga, _) = owner(&store).await;
        store.catalog.rehash_password(&olga, "same password, new parameters").await.unwrap();
        let anew = store.catalog.find_person(&olga.person_id).await.unwrap();
        assert_eq!(anew.password_hash.as_deref(), Some("same password, new parameters"));
        store.catalog.set_password(&actor(), &anew, Some("new password"), "").await.unwrap();
        store.catalog.rehash_password(&anew, "old password, newer parameters").await.unwrap();
        let changed = store.catalog.find_person(&olga.person_id).await.unwrap();
        assert_eq!(changed.password_hash.as_deref(), Some("new password"), "the old password does not come back");
    }

    async fn a_new_password_ends_every_other_session(store: Store) {
        let (olga, grant) = owner(&store).await;
        let mut kept = String::new();
        for secret in ["first", "second"] {
            let session = NewSession {
                person_id: olga.person_id.clone(),
                secret_digest: secret.into(),
                method: SignInMethod::Passkey,
                expires_at: at(7200),
                address: String::new(),
                user_agent: String::new(),
            };
            kept = store.catalog.add_session(&session).await.unwrap().to_string();
        }
        store.catalog.set_password(&actor(), &olga, Some("new hash"), &kept).await.unwrap();
        let left = store.catalog.list_sessions(&olga.person_id, at(-1)).await.unwrap();
        assert_eq!(left.iter().map(|session| session.session_id.to_string()).collect::<Vec<_>>(), [kept]);

        store.catalog.add_passkey(&actor(), &olga, ("credential", "{}"), "Laptop").await.unwrap();
        let taken = store.catalog.add_passkey(&actor(), &olga, ("credential", "{}"), "Laptop").await.unwrap_err();
        assert_eq!(taken.kind(), Kind::Conflict);
        store.catalog.add_reset_link(HUB, &actor(), &olga.person_id, &link("reset")).await.unwrap();
        let outcome = store.catalog.reset_password("reset", &olga.person_id, ("newest hash", true), "192.0.2.1").await;
        assert_eq!(outcome.unwrap().password_hash.as_deref(), Some("newest hash"));
        assert!(store.catalog.list_sessions(&olga.person_id, at(-1)).await.unwrap().is_empty());
        assert!(store.catalog.list_passkeys(&olga.person_id).await.unwrap().is_empty());
        let actions = store.catalog.list_actions(&grant, &ActionFilter::default(), None, 10).await.unwrap();
        let actions: Vec<_> = actions.iter().map(|action| action.action.as_str()).collect();
        assert!(["completr", "beginr", "changemp"].iter().all(|code| actions.contains(code)), "{actions:?}");
        assert!(!format!("{olga:?}").contains("hash"));
    }

    async fn whoever_is_removed_leaves_no_way_back(store: Store) {
        let (_, grant) = owner(&store).await;
        let adam = joined(&store, &grant, "Adam", Role::Administrator).await;
        let by_adam = Actor { uuid: adam.person_id.to_string(), ..actor() };
        let invite = async |email: &str| {
            let by = (&by_adam, Role::Administrator);
            store.catalog.invite(&grant, by, (email, Role::Administrator), &link(email)).await
        };
        invite("adam2@acme.example").await.unwrap();
        let by = actor();
        store.catalog.set_member_role(&grant, (&by, Role::Owner), &adam.person_id, Role::Viewer).await.unwrap();
        assert!(store.catalog.list_invitations(&grant).await.unwrap().is_empty());
        // The role that somebody had when they asked does not count any more, and everybody may leave.
        let vera = joined(&store, &grant, "Vera", Role::Viewer).await;
        let late = (&by_adam, Role::Administrator);
        let refused = store.catalog.remove_member(&grant, late, &vera.person_id).await;
        assert!(matches!(refused, Err(StoreError::AboveRole { .. })), "{refused:?}");
        store.catalog.remove_member(&grant, late, &adam.person_id).await.unwrap();
    }

    async fn nobody_loses_their_last_way_in(store: Store) {
        let (olga, _) = owner(&store).await;
        let by = actor();
        let without = store.catalog.set_password(&by, &olga, None, "").await;
        assert!(matches!(without, Err(StoreError::LastWayIn)), "{without:?}");
        for id in ["first", "second"] {
            store.catalog.add_passkey(&by, &olga, (id, "{}"), id).await.unwrap();
        }
        store.catalog.set_password(&by, &olga, None, "").await.unwrap();
        let passkeys = store.catalog.list_passkeys(&olga.person_id).await.unwrap();
        let (first, second) = tokio::join!(
            store.catalog.remove_passkey(&by, &olga, &passkeys[0]),
            store.catalog.remove_passkey(&by, &olga, &passkeys[1]),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        assert_eq!(store.catalog.list_passkeys(&olga.person_id).await.unwrap().len(), 1);
    }

    async fn the_trail_is_filtered_and_paged(store: Store) {
        let (_, grant) = owner(&store).await;
        for number in 0..5 {
            store.clock.set(at(number));
            let by = Actor { uuid: format!("ACTOR{}", number % 2), ..actor() };
            store.catalog.rename_account(&grant, &by, &format!("Acme {number}")).await.unwrap();
        }
        let list = async |filter: &ActionFilter, after: Option<ActionPlace>, limit| {
            store.catalog.list_actions(&grant, filter, after.as_ref(), limit).await.unwrap()
        };
        let by_zero = ActionFilter { actor_id: "ACTOR0".into(), from: Some(at(1)), ..ActionFilter::default() };
        assert_eq!(list(&by_zero, None, 10).await.len(), 2);
        let everything = list(&ActionFilter::default(), None, 100).await;
        let mut paged: Vec<daybook_store::Action> = Vec::new();
        loop {
            let place = paged.last().map(|last| ActionPlace {
                done_at: last.done_at,
                event_id: last.event_id.clone(),
            });
            let page = list(&ActionFilter::default(), place, 2).await;
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, everything);
        assert_eq!((&everything[0].before["name"], &everything[0].after["name"]), (&"Acme 3".into(), &"Acme 4".into()));
        assert!(store.catalog.list_actors(&grant).await.unwrap().iter().any(|(id, _)| id == "ACTOR1"));
        let stranger = HUB.account(daybook_events::AccountId::random());
        assert!(store.catalog.list_actions(&stranger, &ActionFilter::default(), None, 10).await.unwrap().is_empty());
    }

    async fn arrivals_are_counted_from_the_descriptions_of_blocks(store: Store) {
        store.append(&events(0..10)).await;
        store.clock.set(at(3600));
        store.append(&events(10..15)).await;
        let runs = store.log.arrivals_since(&store.stream(), at(60)).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.events).collect::<Vec<_>>(), [5]);
        let runs = store.log.arrivals_since(&store.stream(), NOON).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.events).sum::<u64>(), 15);
    }
}
