//! A page of events and the place where the next one starts.

use daybook_events::{LIMIT_MAX, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};
use serde_json::value::RawValue;

use crate::ClientError;

/// Where reading starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At a time: a reset cursor.
    Since {
        /// The first time wanted, inclusive.
        start: Timestamp,
        /// The first time no longer wanted; open-ended without it.
        end: Option<Timestamp>,
        /// Events a page, 1 to 1000.
        limit: u16,
    },
    /// After the page that had this cursor.
    Cursor(String),
}

impl Start {
    /// At a time, open-ended, with the largest pages.
    #[must_use]
    pub fn since(start: Timestamp) -> Self {
        Self::Since { start, end: None, limit: LIMIT_MAX }
    }

    pub(crate) fn cursor(&self) -> Option<&str> {
        match self {
            Self::Since { .. } => None,
            Self::Cursor(cursor) => Some(cursor),
        }
    }

    pub(crate) fn has_end(&self) -> bool {
        matches!(self, Self::Since { end: Some(_), .. })
    }

    pub(crate) fn body(&self) -> Body<'_> {
        match self {
            Self::Since { start, end, limit } => Body::Reset { limit: *limit, start_time: *start, end_time: *end },
            Self::Cursor(cursor) => Body::Continue { cursor },
        }
    }
}

/// The body of a v1 or v2 request.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Body<'a> {
    Reset {
        limit: u16,
        start_time: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        end_time: Option<Timestamp>,
    },
    Continue {
        cursor: &'a str,
    },
}

/// One answer: events in the order of their arrival, byte for byte as the server sent them.
///
/// An answer without `cursor`, `has_more` or `items` is refused: guessing at them is how readers loop or skip.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// The events.
    #[serde(deserialize_with = "null_as_empty")]
    pub items: Vec<Box<RawValue>>,
    /// Where the next page starts; never empty. Commit it after the events are stored.
    #[serde(deserialize_with = "not_empty")]
    pub cursor: String,
    /// Whether there may be more now. The next page can be empty all the same.
    pub has_more: bool,
}

impl Page {
    /// The events as a type: [`SignInAttempt`](crate::SignInAttempt), [`ItemUsage`](crate::ItemUsage),
    /// [`AuditEvent`](crate::AuditEvent), which keep members they do not know, or one of your own.
    ///
    /// # Errors
    ///
    /// `Internal` where an event does not fit the type; the error says which.
    pub fn events<T: DeserializeOwned>(&self) -> Result<Vec<T>, ClientError> {
        let typed = |(index, item): (usize, &str)| {
            serde_json::from_str(item).map_err(|source| ClientError::Event { index, source })
        };
        self.items.iter().map(|item| item.get()).enumerate().map(typed).collect()
    }
}

/// Some servers write an empty list as `null`.
fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let cursor = String::deserialize(deserializer)?;
    if cursor.is_empty() { Err(D::Error::custom("the cursor is empty")) } else { Ok(cursor) }
}

#[cfg(test)]
mod tests {
    use daybook_events::wire::AuditEvent;

    use super::*;

    fn body(start: &Start) -> String {
        serde_json::to_string(&start.body()).unwrap()
    }

    #[test]
    fn a_start_is_written_as_the_vendor_documents_it() {
        let start = Timestamp::from_seconds(0);
        assert_eq!(body(&Start::since(start)), r#"{"limit":1000,"start_time":"1970-01-01T00:00:00Z"}"#);
        let bounded = Start::Since { start, end: Some(Timestamp::from_seconds(60)), limit: 5 };
        assert_eq!(
            body(&bounded),
            r#"{"limit":5,"start_time":"1970-01-01T00:00:00Z","end_time":"1970-01-01T00:01:00Z"}"#
        );
        assert_eq!(body(&Start::Cursor("a\"b".into())), r#"{"cursor":"a\"b"}"#);
    }

    #[test]
    fn items_keep_their_bytes() {
        let page: Page =
            serde_json::from_str(r#"{"has_more":false,"items":[{"uuid": "A",  "n":1.50}],"cursor":"c"}"#).unwrap();
        assert_eq!(page.items[0].get(), r#"{"uuid": "A",  "n":1.50}"#);
        assert_eq!(page.events::<AuditEvent>().unwrap()[0].extra["n"], 1.5);
    }

    #[test]
    fn a_page_that_would_have_to_be_guessed_at_is_refused() {
        for json in [
            r#"{"items":[],"has_more":false}"#,
            r#"{"items":[],"has_more":false,"cursor":""}"#,
            r#"{"items":[],"cursor":"c"}"#,
            r#"{"cursor":"c","has_more":false}"#,
            r#"{"items":{},"cursor":"c","has_more":false}"#,
        ] {
            assert!(serde_json::from_str::<Page>(json).is_err(), "{json}");
        }
        let null: Page = serde_json::from_str(r#"{"items":null,"cursor":"c","has_more":false}"#).unwrap();
        assert!(null.items.is_empty());
    }

    #[test]
    fn an_event_that_does_not_fit_is_named() {
        let page: Page = serde_json::from_str(r#"{"items":[{},{"uuid":5}],"cursor":"c","has_more":false}"#).unwrap();
        let error = page.events::<AuditEvent>().unwrap_err();
        assert_eq!(error.to_string(), "event 1 of the page does not fit the type asked for");
    }
}
