//! The client against a server that answers what a test tells it to.

#![allow(clippy::unwrap_used)]

mod fake;
mod paging;
mod requests;
mod transport;

use daybook_client::{Client, RetryPolicy};

/// A client of the server at `url` that waits for nothing.
fn client(url: &str) -> Client {
    Client::builder("opaque").base_url(url).retry(impatient()).build().unwrap()
}

fn impatient() -> RetryPolicy {
    RetryPolicy { backoff_min: std::time::Duration::ZERO, ..RetryPolicy::default() }
}

#[test]
fn the_example_in_the_docs_is_the_one_that_compiles() {
    let docs = include_str!("../../../../docs/client.md");
    assert!(docs.contains(include_str!("../../examples/read_events.rs")));
}
