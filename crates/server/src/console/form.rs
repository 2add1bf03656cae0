//! Forms: read whole and in time, believed only from pages of ours, and what is wrong with them field by field.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use daybook_events::{Kind, Kinded};
use daybook_store::StoreError;
use serde::de::DeserializeOwned;

use super::{
    error::PageError,
    visit::{form_secret, is_csrf_of},
    words,
};
use crate::{events_api::header_text, request::SmallBody, state::App};

/// The fields of a form of ours.
pub(super) struct Form<T>(pub(super) T);

/// The fields of a form that is a button alone.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Nothing {}

/// The body of a request by a module of ours.
pub(super) struct ScriptJson(pub(super) String);

/// What is wrong with a form, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Errors(Vec<(&'static str, String)>);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let secret = form_secret(&parts);
        let is_foreign = is_from_elsewhere(&parts, app);
        let path = parts.uri.path().to_owned();
        let SmallBody(body) = SmallBody::from_request(Request::from_parts(parts, body), app).await?;
        let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let csrf = pairs.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value.as_str());
        if is_foreign || !secret.is_some_and(|secret| is_csrf_of(&secret, csrf)) {
            tracing::warn!(path, "a form was refused: it is not from a page of ours for this browser");
            return Err(not_ours());
        }
        let fields = serde_html_form::from_bytes(&body);
        fields.map(Self).map_err(|error| PageError::bad_request(words::bad_form(&error.to_string())))
    }
}

impl FromRequest<App> for ScriptJson {
    type Rejection = crate::error::ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let secret = form_secret(&parts);
        let csrf = header_text(&parts.headers, "x-csrf-token").unwrap_or_default();
        if is_from_elsewhere(&parts, app) || !secret.is_some_and(|secret| is_csrf_of(&secret, csrf)) {
            tracing::warn!(path = parts.uri.path(), "a request of a module was refused: it is not from a page of ours");
            return Err(Self::Rejection::new(StatusCode::FORBIDDEN, words::NOT_OUR_FORM));
        }
        let SmallBody(body) = SmallBody::from_request(Request::from_parts(parts, body), app).await?;
        let text = String::from_utf8(body.to_vec());
        text.map(Self).map_err(|_| Self::Rejection::invalid("the body is not UTF-8"))
    }
}

/// Whether the browser itself says that a page of another site sent it.
fn is_from_elsewhere(parts: &axum::http::request::Parts, app: &App) -> bool {
    if header_text(&parts.headers, "sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let host = header_text(&parts.headers, "host").unwrap_or_default();
    let origin = header_text(&parts.headers, "origin");
    // A proxy may have put its own name into Host; the public one is ours all the same.
    let is_ours = |origin_host: &str| origin_host == host || origin_host == app.public_host;
    origin.is_some_and(|origin| origin.split_once("://").is_none_or(|(_, origin_host)| !is_ours(origin_host)))
}

fn not_ours() -> PageError {
    PageError::Said { status: StatusCode::FORBIDDEN, text: words::NOT_OUR_FORM.to_owned() }
}

impl Errors {
    /// Adds what is wrong with a field.
    pub(super) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }

    /// The value, or what is wrong with the field.
    pub(super) fn take<T, E: ToString>(&mut self, field: &'static str, outcome: Result<T, E>) -> Option<T> {
        // The management API names the field in its text; on a page the text stands beside it.
        let words = |text: String| match text.split_once(": ") {
            Some((name, rest)) if name == field || name == "name" => words::sentence(rest),
            _ => words::sentence(&text),
        };
        outcome.map_err(|error| self.add(field, words(error.to_string()))).ok()
    }

    /// The value, or that the name in the field is taken; any other failure is not the form's.
    pub(super) fn take_conflict<T>(
        &mut self,
        field: &'static str,
        outcome: Result<T, StoreError>,
    ) -> Result<Option<T>, PageError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == Kind::Conflict => {
                self.add(field, words::sentence(&error.to_string()));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is wrong with a field; empty when nothing is.
    pub(super) fn of(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text.as_str())
    }

    /// Every field with what is wrong.
    pub(super) fn all(&self) -> &[(&'static str, String)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
