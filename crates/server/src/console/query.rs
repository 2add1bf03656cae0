//! What a page is asked with after the `?`. Names that a page does not know are passed over.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;

use super::{error::PageError, words};
use crate::state::App;

/// The fields of a query.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, PageError> {
        let fields = serde_html_form::from_str(parts.uri.query().unwrap_or_default());
        fields.map(Self).map_err(|error| PageError::bad_request(words::bad_query(&error.to_string())))
    }
}

/// `?a=1&b=2` of the fields that say something; empty when none does.
pub(super) fn query_of(fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_say_something_are_written() {
        assert_eq!(query_of(&[("a", ""), ("b", "x y&z"), ("c", "ü")]), "?b=x+y%26z&c=%C3%BC");
        assert_eq!(query_of(&[("a", "")]), "");
    }
}
