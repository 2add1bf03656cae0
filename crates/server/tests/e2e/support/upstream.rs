//! An upstream whose events a test makes up.

use daybook_events::ITEM_USAGES;
use daybook_testkit::{Receiver, Reply, events};
use serde_json::{Value, json};

/// A page as an upstream gives it.
pub(crate) fn page_of(numbers: std::ops::Range<u64>, cursor: &str, has_more: bool) -> Value {
    let items: Vec<Value> = numbers.map(|n| events::event(&ITEM_USAGES, n)).collect();
    json!({"cursor": cursor, "has_more": has_more, "items": items})
}

/// An upstream that holds so many events and gives ten a page; its cursors are `at:N`.
pub(crate) async fn scripted(count: u64) -> Receiver {
    let upstream = Receiver::start().await;
    upstream.answer_with(move |request| {
        if request.path.ends_with("introspect") {
            return Reply::json(200, &json!({"uuid": "I", "features": ["itemusages"], "account_uuid": "A"}));
        }
        let body = request.json();
        let at = body["cursor"].as_str().map_or(0, |cursor| cursor[3..].parse().unwrap());
        let end = (at + 10).min(count);
        Reply::json(200, &page_of(at..end, &format!("at:{end}"), end < count))
    });
    upstream
}

pub(crate) fn scripted_settings(url: &str) -> Value {
    json!({"url": url, "token": "opaque", "poll_max_secs": "1", "timeout_secs": "2", "requests_per_minute": "6000"})
}
