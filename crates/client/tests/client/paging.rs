//! Page after page: to the end, at the tail, and in circles.

use std::time::Duration;

use daybook_client::{AUDIT_EVENTS, AuditEvent, ClientError, Page, Start, Timestamp};
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    client,
    fake::{Answer, FakeServer},
};

fn uuids(pages: &[Page]) -> Vec<String> {
    pages.iter().flat_map(|page| page.events::<AuditEvent>().unwrap()).map(|event| event.uuid).collect()
}

#[tokio::test]
async fn events_are_read_to_the_end_and_an_empty_page_with_more_is_followed() {
    let server = FakeServer::start([
        Answer::page(&["A", "B"], "c1", true),
        Answer::page(&[], "c2", true),
        Answer::page(&["C"], "c3", false),
    ])
    .await;
    let start = Start::since(Timestamp::from_seconds(0));
    let pages: Vec<Page> = client(&server.url).events(AUDIT_EVENTS, start).try_collect().await.unwrap();
    assert_eq!(uuids(&pages), ["A", "B", "C"]);
    assert_eq!(pages.iter().map(|page| page.cursor.as_str()).collect::<Vec<_>>(), ["c1", "c2", "c3"]);
    assert_eq!(
        server.asked_bodies(),
        [r#"{"limit":1000,"start_time":"1970-01-01T00:00:00Z"}"#, r#"{"cursor":"c1"}"#, r#"{"cursor":"c2"}"#]
    );
}

#[tokio::test]
async fn a_cursor_at_the_tail_brings_no_page() {
    let server = FakeServer::start([Answer::page(&[], "c1", false)]).await;
    let pages: Vec<Page> =
        client(&server.url).events(AUDIT_EVENTS, Start::Cursor("c1".into())).try_collect().await.unwrap();
    assert!(pages.is_empty());
}

#[tokio::test]
async fn the_same_cursor_twice_with_more_is_an_error_that_ends_the_stream() {
    let server = FakeServer::start([Answer::page(&["A"], "c1", true), Answer::page(&["A"], "c1", true)]).await;
    let mut pages = client(&server.url).events(AUDIT_EVENTS, Start::since(Timestamp::from_seconds(0)));
    assert_eq!(pages.next().await.unwrap().unwrap().cursor, "c1");
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), r#"read auditevents: the server repeats cursor "c1" and says that there is more"#);
    assert!(pages.next().await.is_none());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn following_waits_at_the_tail_and_gives_what_comes() {
    let server = FakeServer::start([
        Answer::page(&["A"], "c1", false),
        Answer::page(&[], "c1", false),
        Answer::page(&[], "c1", false),
        Answer::page(&["B"], "c2", true),
        Answer::page(&["C"], "c3", false),
    ])
    .await;
    let start = Start::since(Timestamp::from_seconds(0));
    let pages = client(&server.url).follow(AUDIT_EVENTS, start, Duration::ZERO).take(3);
    assert_eq!(uuids(&pages.try_collect::<Vec<_>>().await.unwrap()), ["A", "B", "C"]);
    assert_eq!(
        server.asked_bodies()[1..],
        [r#"{"cursor":"c1"}"#; 3]
            .map(str::to_owned)
            .into_iter()
            .chain([r#"{"cursor":"c2"}"#.to_owned()])
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn following_a_start_with_an_end_ends_there() {
    let server = FakeServer::start([Answer::page(&["A"], "c1", false)]).await;
    let start = Start::Since { start: Timestamp::from_seconds(0), end: Some(Timestamp::from_seconds(60)), limit: 10 };
    let pages: Vec<Page> = client(&server.url).follow(AUDIT_EVENTS, start, Duration::ZERO).try_collect().await.unwrap();
    assert_eq!(uuids(&pages), ["A"]);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_page_is_asked_for_again_in_the_middle_of_a_walk() {
    let server = FakeServer::start([
        Answer::page(&["A"], "c1", true),
        Answer::new(502, "<html>bad gateway</html>"),
        Answer::page(&["B"], "c2", false),
    ])
    .await;
    let start = Start::since(Timestamp::from_seconds(0));
    let pages: Vec<Page> = client(&server.url).events(AUDIT_EVENTS, start).try_collect().await.unwrap();
    assert_eq!(uuids(&pages), ["A", "B"]);
    assert_eq!(server.asked_bodies()[1], server.asked_bodies()[2]);
}

#[tokio::test]
async fn unknown_members_survive_and_bytes_are_kept() {
    let item = r#"{"uuid":"A",  "new":{"deep":[1.50]}}"#;
    let body = format!(r#"{{"items":[{item}],"has_more":false,"cursor":"c1","new":true}}"#);
    let server = FakeServer::start([Answer::new(200, body)]).await;
    let page = client(&server.url).page(&AUDIT_EVENTS, &Start::Cursor("c0".into())).await.unwrap();
    assert_eq!(page.items[0].get(), item);
    assert_eq!(page.events::<AuditEvent>().unwrap()[0].extra["new"]["deep"][0], 1.5);
}

#[tokio::test]
async fn a_page_without_a_cursor_is_refused() {
    let server = FakeServer::start([Answer::new(200, r#"{"items":[],"has_more":false}"#)]).await;
    let error = client(&server.url).page(&AUDIT_EVENTS, &Start::Cursor("c0".into())).await.unwrap_err();
    assert!(matches!(error, ClientError::Answer { .. }), "{error}");
}
