//! Which part of the trail is wanted, as it stands in the address.

use std::time::Duration;

use daybook_events::Timestamp;
use daybook_store::{Action, ActionFilter, ActionPlace};
use serde::Deserialize;

use super::said;
use crate::console::{error::PageError, form::Errors, query::query_of, words};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The query of the page and of the export; what is empty takes everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct AuditQuery {
    /// Who did it.
    pub(super) person: String,
    /// The wire's code of what was done.
    pub(super) action: String,
    /// The wire's code of the kind of thing.
    pub(super) kind: String,
    /// The id of the thing.
    pub(super) object: String,
    /// The first day, in UTC.
    pub(super) from: String,
    /// The last day, in UTC.
    pub(super) to: String,
    /// Where the page goes on: behind this action.
    pub(super) before: String,
    /// Of the export.
    pub(super) format: String,
}

impl AuditQuery {
    /// What the store is asked for; days that are none go to `errors`.
    pub(super) fn filter(&self, errors: &mut Errors) -> ActionFilter {
        let from = errors.take("from", first_moment(&self.from)).flatten();
        let last = errors.take("to", first_moment(&self.to)).flatten();
        if let (Some(from), Some(last)) = (from, last)
            && last < from
        {
            errors.add("to", said::DATES_SWAPPED);
        }
        ActionFilter {
            actor_id: self.person.trim().to_owned(),
            action: self.action.trim().to_owned(),
            object_type: self.kind.trim().to_owned(),
            object_id: self.object.trim().to_owned(),
            from,
            until: last.map(|last| last.plus(DAY)),
        }
    }

    pub(super) fn place(&self) -> Result<Option<ActionPlace>, PageError> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let place = self.before.split_once('-').and_then(|(nanos, event_id)| {
            Some(ActionPlace { done_at: Timestamp::from_nanos(nanos.parse().ok()?), event_id: event_id.to_owned() })
        });
        place.map(Some).ok_or_else(|| PageError::bad_request(words::bad_query("before")))
    }

    /// The same filter as a query, with more fields.
    pub(super) fn to_query(&self, more: &[(&str, &str)]) -> String {
        let own = [
            ("person", self.person.as_str()),
            ("action", &self.action),
            ("kind", &self.kind),
            ("object", &self.object),
            ("from", &self.from),
            ("to", &self.to),
        ];
        query_of(&[&own, more].concat())
    }

    /// Whether anything is left out.
    pub(super) fn is_filtered(&self) -> bool {
        !self.to_query(&[]).is_empty()
    }
}

/// The place behind an action.
pub(super) fn place_text(action: &Action) -> String {
    format!("{}-{}", action.done_at.as_nanos(), action.event_id)
}

fn first_moment(day: &str) -> Result<Option<Timestamp>, &'static str> {
    let day = day.trim();
    if day.is_empty() {
        return Ok(None);
    }
    let time = Timestamp::parse_strict(&format!("{day}T00:00:00Z"));
    time.map(Some).map_err(|_| said::BAD_DATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> (ActionFilter, Errors) {
        let query = AuditQuery { from: from.into(), to: to.into(), ..AuditQuery::default() };
        let mut errors = Errors::default();
        (query.filter(&mut errors), errors)
    }

    #[test]
    fn the_last_day_is_a_whole_day() {
        let (filter, errors) = days("2026-11-22", "2026-11-22");
        assert!(errors.is_empty());
        assert_eq!(filter.from.unwrap().to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(filter.until.unwrap().to_string(), "2026-11-23T00:00:00Z");
    }

    #[test]
    fn days_that_are_none_are_named() {
        assert_eq!(days("2026-02-30", "").1.of("from"), said::BAD_DATE);
        assert_eq!(days("", "x").1.of("to"), said::BAD_DATE);
        assert_eq!(days("2026-11-23", "2026-11-22").1.of("to"), said::DATES_SWAPPED);
    }

    #[test]
    fn a_place_is_read_back() {
        let query = AuditQuery { before: "17-ABC".into(), person: "P Q".into(), ..AuditQuery::default() };
        let place = query.place().unwrap().unwrap();
        assert_eq!((place.done_at.as_nanos(), place.event_id.as_str()), (17, "ABC"));
        assert_eq!(query.to_query(&[("format", "csv")]), "?person=P+Q&format=csv");
        assert!(AuditQuery { before: "x".into(), ..AuditQuery::default() }.place().is_err());
    }
}
