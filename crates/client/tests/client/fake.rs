//! A server on this machine that gives prepared answers, one a request, and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An answer to give.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method and path, `POST /api/v2/auditevents`.
    pub(crate) what: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

/// The server; it ends with the test's runtime. When it has no answer left, it says 418.
#[derive(Debug, Clone)]
pub(crate) struct FakeServer {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// A page whose events have these ids.
    pub(crate) fn page(uuids: &[&str], cursor: &str, has_more: bool) -> Self {
        let items: Vec<Value> = uuids.iter().map(|uuid| json!({ "uuid": uuid })).collect();
        Self::new(200, json!({ "cursor": cursor, "has_more": has_more, "items": items }).to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl FakeServer {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Script { answers: answers.into_iter().collect(), asked: Vec::new() };
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, script: Arc::new(Mutex::new(script)) };
        let router = Router::new().fallback(give_next_answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// Method and path of every request so far.
    pub(crate) fn asked_what(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    /// The body of every request so far.
    pub(crate) fn asked_bodies(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.body).collect()
    }
}

async fn give_next_answer(
    State(server): State<FakeServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut script = server.script.lock().unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    script.asked.push(Asked { what: format!("{method} {uri}"), headers, body });
    let answer = script.answers.pop_front().unwrap_or_else(|| Answer::new(418, "no answer left"));
    let mut response = (StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    }
    response
}
