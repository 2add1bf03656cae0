//! The audit trail: who did what in an account, newest first. [`export`] gives it out as a file.

mod export;
mod filter;

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::Timestamp;
use daybook_store::Action;
use serde_json::Value;

pub(super) use export::export_audit;
use filter::{AuditQuery, place_text};

use super::{
    error::PageError,
    form::Errors,
    page::{Section, Shell, page, page_again},
    query::Query,
    times::When,
    visit::{Administrator, Member},
    words::{self, audit as said},
};
use crate::state::App;

const ACTIONS_A_PAGE: usize = 50;
/// A value is shown with so many characters; the export has all of it.
const VALUE_CHARACTERS_MAX: usize = 500;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    shell: Shell,
    base: String,
    query: AuditQuery,
    actors: Vec<(String, String)>,
    actions: &'static [(&'static str, &'static str)],
    objects: &'static [(&'static str, &'static str)],
    rows: Vec<ActionRow>,
    /// Empty when there is nothing older.
    older: String,
    /// Empty on the newest page.
    newest: String,
    csv_path: String,
    json_path: String,
    errors: Errors,
}

struct ActionRow {
    when: When,
    actor: String,
    actor_email: String,
    address: String,
    did: String,
    /// The wire's codes, of object and action.
    code: String,
    object: String,
    object_path: String,
    changes: Vec<Change>,
}

/// One member of what was changed; empty where there was or is nothing.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    member: String,
    before: String,
    after: String,
}

impl ActionRow {
    fn of(action: &Action, base: &str, now: Timestamp) -> Self {
        Self {
            when: When::of(action.done_at, now),
            actor: action.actor_name.clone(),
            actor_email: action.actor_email.clone(),
            address: action.address.clone(),
            did: said::did_alone(&action.action, &action.object_type, &action.before, &action.after),
            code: format!("{} {}", action.object_type, action.action),
            object: action.object_name.clone(),
            object_path: format!("{base}?object={}", action.object_id),
            changes: changes(&action.before, &action.after),
        }
    }
}

/// `GET /accounts/{account}/audit`
pub(super) async fn show_audit(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let filter = query.filter(&mut errors);
    let limit = u32::try_from(ACTIONS_A_PAGE + 1).unwrap_or(u32::MAX);
    let mut actions = match errors.is_empty() {
        true => app.catalog.list_actions(&member.grant, &filter, query.place()?.as_ref(), limit).await?,
        false => Vec::new(),
    };
    let has_older = actions.len() > ACTIONS_A_PAGE;
    actions.truncate(ACTIONS_A_PAGE);
    let (base, now) = (member.path("audit"), app.clock.now());
    let export = |format: &str| format!("{base}/export{}", query.to_query(&[("format", format)]));
    let last = actions.last().filter(|_| has_older);
    let audit = AuditPage {
        shell: Shell::of(&member, Section::Audit, words::NAV_AUDIT),
        actors: app.catalog.list_actors(&member.grant).await?,
        actions: said::ACTIONS,
        objects: said::OBJECTS,
        rows: actions.iter().map(|action| ActionRow::of(action, &base, now)).collect(),
        older: last
            .map(|last| format!("{base}{}", query.to_query(&[("before", &place_text(last))])))
            .unwrap_or_default(),
        newest: if query.before.is_empty() { String::new() } else { format!("{base}{}", query.to_query(&[])) },
        csv_path: export("csv"),
        json_path: export("json"),
        base,
        query,
        errors,
    };
    if audit.errors.is_empty() { page(&audit.shell, &audit) } else { page_again(&audit.shell, &audit) }
}

/// What changed, member by member.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let members = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<BTreeSet<_>>());
    let names: BTreeSet<String> = [before, after].into_iter().filter_map(members).flatten().collect();
    let changed = names.iter().filter(|name| before.get(name) != after.get(name));
    changed
        .map(|name| Change {
            member: said::member(name),
            before: before.get(name).map(|value| text_of(name, value)).unwrap_or_default(),
            after: after.get(name).map(|value| text_of(name, value)).unwrap_or_default(),
        })
        .collect()
}

fn text_of(name: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => said::unset(name).to_owned(),
        Value::String(text) if text.is_empty() => said::unset(name).to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(|value| text_of(name, value)).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARACTERS_MAX {
        return text;
    }
    let mut text: String = text.chars().take(VALUE_CHARACTERS_MAX).collect();
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(member: &str, before: &str, after: &str) -> Change {
        Change { member: member.into(), before: before.into(), after: after.into() }
    }

    #[test]
    fn changes_are_told_member_by_member() {
        let before = json!({"name": "a", "retention_days": null, "features": ["x", "y"]});
        let after = json!({"name": "b", "retention_days": 30, "features": ["x", "y"]});
        assert_eq!(changes(&before, &after), [change("Name", "a", "b"), change("Retention in days", "for ever", "30")]);
        assert_eq!(changes(&Value::Null, &json!({"features": ["x", "y"]})), [change("Events", "", "x, y")]);
        assert_eq!(changes(&json!({"email": "a@b"}), &Value::Null), [change("Email", "a@b", "")]);
    }

    #[test]
    fn endless_values_are_cut() {
        let shown = text_of("name", &json!("x".repeat(10_000)));
        assert_eq!(shown.chars().count(), VALUE_CHARACTERS_MAX + 1);
    }
}
