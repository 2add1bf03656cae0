//! An upstream that answers as it is told to.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, Networks, SIGN_IN_ATTEMPTS};
use daybook_testkit::{Fault, Receiver, Reply};
use serde_json::json;

use super::{DESCRIPTION, UpstreamSource};
use crate::{After, Context, EgressGuard, Phase, Settings, SettingsError, Source, SourceError, testing};

fn open(networks: &str, given: &[(&str, &str)]) -> Result<UpstreamSource, SettingsError> {
    let networks: Networks = networks.parse().unwrap();
    let context = Context { guard: Arc::new(EgressGuard::allowing(&networks)), ..testing::context(Path::new("/tmp")) };
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    UpstreamSource::open(&Settings::check(&DESCRIPTION, &given)?, &context)
}

fn source_of(upstream: &Receiver) -> UpstreamSource {
    open("127.0.0.0/8", &[("url", &upstream.url()), ("token", "opaque")]).unwrap()
}

fn after(cursor: &str) -> After<'_> {
    After { cursor, last_time: None }
}

#[tokio::test]
async fn payloads_keep_their_bytes_and_the_past_ends_at_the_tail() {
    let upstream = Receiver::start().await;
    let page = r#"{"cursor":"c1","has_more":true,"items":[{ "uuid":"A",  "n":1.50 }]}"#;
    upstream.answer_with(move |request| match request.json()["cursor"].as_str() {
        None => Reply::status(200).body(page),
        Some(_) => Reply::json(200, &json!({"cursor": "c2", "has_more": false, "items": []})),
    });
    let source = source_of(&upstream);
    let first = source.fetch(&ITEM_USAGES, after("")).await.unwrap();
    assert_eq!(first.payloads, [r#"{ "uuid":"A",  "n":1.50 }"#]);
    assert!(first.has_more && matches!(source.phase(&first.cursor), Phase::CatchingUp { .. }));
    let second = source.fetch(&ITEM_USAGES, after(&first.cursor)).await.unwrap();
    assert!(!second.has_more && source.phase(&second.cursor) == Phase::Following);
    let asked = upstream.received();
    assert_eq!(asked[0].json()["limit"], 1000);
    assert_eq!(asked[1].json(), json!({"cursor": "c1"}));
}

#[tokio::test]
async fn a_refused_cursor_gives_way_to_the_last_time_minus_the_overlap() {
    let upstream = Receiver::start().await;
    upstream.answer_with(|_| Reply::json(200, &json!({"cursor": "c", "has_more": true, "items": [{}]})));
    let source = source_of(&upstream);
    let kept = source.fetch(&ITEM_USAGES, after("")).await.unwrap().cursor;
    upstream.for_next(1, &Fault::status(400));
    let last_time = Some("2026-02-03T04:15:06Z".parse().unwrap());
    let page = source.fetch(&ITEM_USAGES, After { cursor: &kept, last_time }).await.unwrap();
    let since = "2026-02-03T04:05:06Z".parse().unwrap();
    assert_eq!((page.known_since, source.phase(&page.cursor)), (Some(since), Phase::Again { since }));
    assert!(page.notice.contains("did not take the cursor"), "{}", page.notice);
    assert_eq!(upstream.received()[2].json(), json!({"limit": 1000, "start_time": "2026-02-03T04:05:06Z"}));
}

#[tokio::test]
async fn a_cursor_that_comes_round_is_not_followed() {
    let upstream = Receiver::start().await;
    upstream.answer_with(|_| Reply::json(200, &json!({"cursor": "stuck", "has_more": true, "items": []})));
    let source = source_of(&upstream);
    let first = source.fetch(&ITEM_USAGES, after("")).await.unwrap();
    assert!(first.has_more && first.notice.is_empty());
    let second = source.fetch(&ITEM_USAGES, after(&first.cursor)).await.unwrap();
    assert!(!second.has_more && second.notice.contains("same cursor again"), "{}", second.notice);
    assert!(matches!(source.phase(&second.cursor), Phase::CatchingUp { .. }), "the past is not here yet");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let upstream = Receiver::start().await;
    let source = source_of(&upstream);
    for (fault, wanted) in [(Fault::status(401), "stop"), (Fault::status(403), "stop"), (Fault::status(500), "retry")] {
        upstream.for_next(1, &fault);
        let came = match source.fetch(&AUDIT_EVENTS, after("")).await.unwrap_err() {
            SourceError::Stop { fix, .. } => {
                assert!(fix.contains("token"), "{fix}");
                "stop"
            }
            SourceError::Retry { .. } => "retry",
        };
        assert_eq!(came, wanted, "{fault:?}");
    }
    upstream.for_next(1, &Fault::retry_after(429, 7));
    let error = source.fetch(&AUDIT_EVENTS, after("")).await.unwrap_err();
    assert!(matches!(error, SourceError::Retry { after: Some(wait), .. } if wait == Duration::from_secs(7)));
    upstream.for_next(1, &Fault::TruncatedAnswer);
    assert!(matches!(source.fetch(&AUDIT_EVENTS, after("")).await, Err(SourceError::Retry { .. })));
    let foreign = source.fetch(&AUDIT_EVENTS, after("offset 12")).await;
    assert!(matches!(foreign, Err(SourceError::Stop { .. })));
}

#[tokio::test]
async fn what_the_token_may_not_read_is_told() {
    let upstream = Receiver::start().await;
    upstream.answer_with(|_| Reply::json(200, &json!({"features": ["itemusages", "not a feature"]})));
    let given = [("url", upstream.url()), ("token", "opaque".into()), ("features", "itemusages, auditevents".into())];
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let begun = open("127.0.0.0/8", &given).unwrap().begin().await.unwrap();
    assert_eq!((begun.features, begun.missing, begun.withheld), (vec![ITEM_USAGES], vec![AUDIT_EVENTS], vec![]));
    let begun = source_of(&upstream).begin().await.unwrap();
    assert_eq!((begun.features, begun.missing), (vec![ITEM_USAGES], vec![]));
    assert_eq!(begun.withheld, [AUDIT_EVENTS, SIGN_IN_ATTEMPTS]);
    upstream.answer_with(|_| Reply::json(200, &json!({"features": []})));
    assert!(matches!(source_of(&upstream).begin().await, Err(SourceError::Stop { .. })));
}

#[test]
fn settings_that_lead_astray_are_refused_by_name() {
    let refused = |networks, given: &[(&str, &str)]| open(networks, given).unwrap_err().to_string();
    assert!(refused("", &[("token", "opaque")]).starts_with("url: "));
    assert!(refused("", &[("token", "opaque"), ("url", "https://10.0.0.1")]).contains("allow_networks"));
    let bounds = [("token", "t"), ("url", "https://a.example"), ("poll_min_secs", "9"), ("poll_max_secs", "3")];
    assert!(refused("", &bounds).starts_with("poll_max_secs: "));
    assert!(refused("", &[("url", "https://a.example")]).contains("token: is missing"));
    assert!(
        refused("", &[("token", "t"), ("url", "https://a.example"), ("features", "No Feature")])
            .starts_with("features")
    );
}
