//! Webhooks: signatures that an independent verifier takes, and what is said of answers.

use data_encoding::BASE64;
use daybook_connectors::{DeliveryError, Destination, DestinationKind};
use daybook_testkit::{
    receiver::{Fault, Received, Receiver, Reply},
    receivers::verify_webhook,
};

use crate::support::{audit_events, open_at_real_time};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn webhook(receiver: &Receiver, more: &[(&str, &str)]) -> daybook_connectors::AnyDestination {
    let url = receiver.url();
    open_at_real_time(
        DestinationKind::Webhook,
        &[&[("url", url.as_str()), ("secret", SECRET), ("timeout_secs", "2")], more].concat(),
    )
}

fn signed_parts(request: &Received) -> Vec<(&'static str, String)> {
    ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .into_iter()
        .map(|name| (name, request.header(name).unwrap().to_owned()))
        .collect()
}

fn verify(secret: &str, request: &Received) -> Result<(), String> {
    let headers = signed_parts(request);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    verify_webhook(secret, &headers, &request.text())
}

#[tokio::test]
async fn each_event_is_a_request_that_the_standards_own_verifier_takes() {
    let receiver = Receiver::start().await;
    let destination = webhook(&receiver, &[("previous_secret", OLD_SECRET)]);
    let batch = audit_events(2);
    destination.deliver(&batch).await.unwrap();
    let [first, second] = &receiver.stored()[..] else { panic!("two requests") };
    assert_eq!(first.json()["type"], "onepassword.auditevent");
    assert_eq!(first.json()["data"]["uuid"], *batch.events[0].uuid);
    assert_ne!(first.header("webhook-id"), second.header("webhook-id"));
    for secret in [SECRET, OLD_SECRET] {
        assert_eq!(verify(secret, first), Ok(()), "{secret}");
    }
    let mut altered = first.clone();
    altered.body = [&first.body[..], b" "].concat().into();
    assert!(verify(SECRET, &altered).is_err(), "another body");
    assert!(verify("whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", first).is_err(), "another secret");
}

#[tokio::test]
async fn an_ed25519_signature_is_of_the_same_content() {
    let receiver = Receiver::start().await;
    let seed = [7; 32];
    let secret = format!("whsk_{}", BASE64.encode(&seed));
    webhook(&receiver, &[("secret", &secret)]).deliver(&audit_events(1)).await.unwrap();
    let request = &receiver.stored()[0];
    let parts = signed_parts(request);
    let signed = [parts[0].1.as_bytes(), b".", parts[1].1.as_bytes(), b".", &request.body].concat();
    let signature = BASE64.decode(parts[2].1.strip_prefix("v1a,").unwrap().as_bytes()).unwrap();
    let public = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let public = ring::signature::KeyPair::public_key(&public);
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
    assert!(key.verify(&signed, &signature).is_ok());
}

#[tokio::test]
async fn a_bad_event_does_not_keep_its_neighbours_from_getting_through() {
    let receiver = Receiver::start().await;
    let batch = audit_events(5);
    let (bad, gone) = (batch.events[1].uuid.to_string(), batch.events[3].uuid.to_string());
    receiver.answer_with(move |request| {
        let text = request.text();
        Reply::status(if text.contains(&bad) {
            422
        } else if text.contains(&gone) {
            503
        } else {
            204
        })
    });
    let delivered = webhook(&receiver, &[]).deliver(&batch).await.unwrap();
    assert_eq!(delivered.rejected.iter().map(|rejected| rejected.index).collect::<Vec<_>>(), [1]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [3, 4], "in order: nothing overtakes the one that has to wait");
    assert!(matches!(unsettled.error, DeliveryError::Retry { .. }));
}

#[tokio::test]
async fn a_receiver_that_wants_nothing_more_is_left_alone() {
    let receiver = Receiver::start().await;
    let destination = webhook(&receiver, &[("one_request", "batch")]);
    receiver.for_next(1, &Fault::status(410));
    let error = destination.deliver(&audit_events(1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("nothing more")), "{error:?}");
    receiver.for_next(
        1,
        &Fault::Status {
            code: 302,
            headers: vec![("Location".into(), "http://127.0.0.1:1/".into())],
            body: String::new(),
        },
    );
    let error = destination.deliver(&audit_events(1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("redirects")), "{error:?}");
    assert_eq!(receiver.received().len(), 2, "the redirect was not followed");
}

#[tokio::test]
async fn secrets_are_in_no_error() {
    let receiver = Receiver::start().await;
    for fault in [Fault::BlackHole, Fault::status(401), Fault::GarbageAnswer, Fault::DropBeforeReading] {
        receiver.for_next(1, &fault);
        let error = webhook(&receiver, &[("one_request", "batch")]).deliver(&audit_events(1)).await.unwrap_err();
        let text = format!("{error:?} {error}");
        assert!(!text.contains("MfKQ9r8") && !text.contains(&receiver.url()), "{fault:?}: {text}");
    }
}
