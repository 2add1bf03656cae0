//! What a page says when it cannot be shown: in words, with the way on, and the right status.

use askama::Template;
use axum::{
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use daybook_events::{Kind, Kinded};
use daybook_store::StoreError;

use super::{headers, page::Shell, visit::only_looks, words};
use crate::error::ApiError;

/// A page that cannot be shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// Nobody is signed in: sign in, and come back.
    SignInFirst {
        /// The path to come back to; empty for a request that changed something.
        next: String,
        /// Whether it was a module of ours that asked, which cannot follow to a page.
        by_script: bool,
    },
    /// What went wrong, in words.
    Said {
        /// With this status.
        status: StatusCode,
        /// The sentence.
        text: String,
    },
}

#[derive(Template)]
#[template(path = "console/error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    text: String,
}

/// The page for a person whose address leads nowhere.
pub(crate) async fn missing_page() -> Response {
    headers::add_headers(PageError::not_found().into_response()).await
}

impl PageError {
    pub(super) fn sign_in_first(parts: &Parts) -> Self {
        let next = if only_looks(&parts.method) {
            parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default()
        } else {
            String::new()
        };
        let accepts = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self::SignInFirst { next, by_script: accepts.starts_with("application/json") }
    }

    pub(super) fn not_found() -> Self {
        Self::Said { status: StatusCode::NOT_FOUND, text: words::NOT_FOUND.to_owned() }
    }

    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        Self::Said { status: StatusCode::BAD_REQUEST, text: text.into() }
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Said { status: error.status(), text: words::sentence(error.message()) }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        // What is missing may be another account's: it says no more than that.
        if error.kind() == Kind::NotFound {
            return Self::not_found();
        }
        ApiError::from(error).into()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::SignInFirst { by_script: true, .. } => {
                return ApiError::new(StatusCode::UNAUTHORIZED, words::SIGNED_OUT).into_response();
            }
            Self::SignInFirst { next, .. } if next.is_empty() || next == "/" => {
                return Redirect::to("/sign-in").into_response();
            }
            Self::SignInFirst { next, .. } => {
                let next = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
                return Redirect::to(&format!("/sign-in?next={next}")).into_response();
            }
            Self::Said { status, text } => (status, text),
        };
        let shell = Shell::plain(words::error_title(status.as_u16()));
        let page = ErrorPage { shell, status: status.as_u16(), text };
        match page.render() {
            Ok(html) => (status, axum::response::Html(html)).into_response(),
            Err(error) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}
