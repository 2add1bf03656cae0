//! What is promised of Google SecOps without a receiver of the real kind.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use daybook_testkit::{Fault, Received, Receiver, Reply};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};

use crate::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, testing, testing::batch_of};

/// A key made for tests, of no account.
const KEY_FILE: &str = include_str!("../tests_service_account.json");

fn key_file(receiver: &Receiver) -> String {
    KEY_FILE.replace("TOKEN_URI", &format!("{}/token", receiver.url()))
}

async fn google() -> Receiver {
    let receiver = Receiver::start().await;
    receiver.answer_with(|request: &Received| match request.path.as_str() {
        "/token" => Reply::json(200, &json!({"access_token": "ya29.t", "expires_in": 3599, "token_type": "Bearer"})),
        _ => Reply::json(200, &json!({})),
    });
    receiver
}

fn api(receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    let (url, key) = (receiver.url(), key_file(receiver));
    let given = [
        ("mode", "api"),
        ("url", url.as_str()),
        ("service_account_json", key.as_str()),
        ("project", "p1"),
        ("region", "eu"),
        ("instance", "i1"),
    ];
    testing::open(DestinationKind::GoogleSecops, &[&given[..], more].concat()).unwrap()
}

#[tokio::test]
async fn each_feature_goes_to_its_log_type() {
    let receiver = google().await;
    let secops = api(&receiver, &[("log_types", "okta.system=OKTA")]);
    for (feature, log_type) in [
        ("signinattempts", "ONEPASSWORD"),
        ("itemusages", "ONEPASSWORD"),
        ("auditevents", "ONEPASSWORD_AUDIT_EVENTS"),
        ("okta.system", "OKTA"),
    ] {
        assert_eq!(secops.deliver(&batch_of(feature, &[r#"{"uuid":"A"}"#])).await, Ok(Delivered::all()));
        let last = receiver.received().pop().unwrap();
        let parent = format!("projects/p1/locations/eu/instances/i1/logTypes/{log_type}");
        assert_eq!(last.path, format!("/v1beta/{parent}/logs:import"));
        assert_eq!(last.header("authorization"), Some("Bearer ya29.t"));
        let data = BASE64.encode(br#"{"uuid":"A"}"#);
        assert_eq!(last.json(), json!({"parent": parent, "inlineSource": {"logs": [{"data": data}]}}));
    }
    assert_eq!(receiver.received().len(), 5, "the token is held");
    let error = secops.deliver(&batch_of("github.audit", &["{}"])).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("github.audit=LOG_TYPE")), "{error:?}");
}

#[tokio::test]
async fn the_claim_is_signed_with_the_accounts_key() {
    let receiver = google().await;
    assert_eq!(api(&receiver, &[]).deliver(&testing::batch("auditevents", 1)).await, Ok(Delivered::all()));
    let form = receiver.received()[0].text();
    let fields: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(fields["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (signed, signature) = fields["assertion"].rsplit_once('.').unwrap();

    let file: Value = serde_json::from_str(KEY_FILE).unwrap();
    let der = PrivatePkcs8KeyDer::from_pem_slice(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();

    let parts: Vec<Value> = signed
        .split('.')
        .map(|part| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT", "kid": "test-key-1"}));
    let expected = json!({
        "iss": "daybook@daybook-test.iam.gserviceaccount.example",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": format!("{}/token", receiver.url()),
        "iat": testing::NOW_SECS,
        "exp": testing::NOW_SECS + 3600,
    });
    assert_eq!(parts[1], expected);
}

#[tokio::test]
async fn a_feed_gets_lines_and_its_two_keys() {
    let receiver = Receiver::start().await;
    let url = format!("{}/v1alpha/projects/1/locations/eu/instances/i/feeds/f:importPushLogs", receiver.url());
    let given = [("url", url.as_str()), ("api_key", "AIza-hush"), ("feed_secret", "feed-hush")];
    let feed = testing::open(DestinationKind::GoogleSecops, &given).unwrap();
    assert_eq!(feed.deliver(&batch_of("auditevents", &["{\n}", r#"{"b":1}"#])).await, Ok(Delivered::all()));
    let first = &receiver.received()[0];
    assert_eq!((first.path.as_str(), first.text().as_str()), (&url[receiver.url().len()..], "{ }\n{\"b\":1}\n"));
    assert_eq!(first.header("x-goog-api-key"), Some("AIza-hush"));
    assert_eq!(first.header("x-webhook-access-key"), Some("feed-hush"));

    receiver.for_next(1, &Fault::Status { code: 403, headers: Vec::new(), body: "AIza-hush, feed-hush?".to_owned() });
    let error = feed.deliver(&batch_of("auditevents", &["{}"])).await.unwrap_err();
    let text = format!("{error:?} {feed:?}");
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("feed_secret")), "{error:?}");
    assert!(text.contains("[secret], [secret]?") && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn answers_of_the_api_have_their_consequences() {
    let receiver = google().await;
    let secops = api(&receiver, &[]);
    let batch = testing::batch("auditevents", 2);
    assert_eq!(secops.deliver(&batch).await, Ok(Delivered::all()));
    for (status, word) in [
        (400, "Refused"),
        (403, "Chronicle API Editor"),
        (404, "instance and the log type"),
        (413, "TooLarge"),
        (429, "Retry"),
        (503, "Retry"),
    ] {
        receiver.for_next(1, &Fault::status(status));
        let error = format!("{:?}", secops.deliver(&batch).await.unwrap_err());
        assert!(error.contains(word), "{status}: {error}");
    }
    receiver.for_next(1, &Fault::status(401));
    assert_eq!(secops.deliver(&batch).await, Ok(Delivered::all()), "a refused token is renewed");
    receiver.for_next(1, &Fault::Status { code: 200, headers: Vec::new(), body: "Sign in".to_owned() });
    let error = secops.deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{error:?}");
}

#[test]
fn a_mode_says_what_it_needs_and_keys_are_not_told() {
    let open = |given: &[(&str, &str)]| testing::open(DestinationKind::GoogleSecops, given).unwrap_err();
    assert_eq!(open(&[]), "url: is missing: mode=webhook needs it");
    assert_eq!(open(&[("mode", "api")]), "region: is missing: mode=api needs it");
    let place = [("mode", "api"), ("project", "p"), ("region", "us"), ("instance", "i")];
    let with = |more: &[(&str, &str)]| open(&[&place[..], more].concat());
    assert_eq!(with(&[]), "service_account_json: is missing: mode=api needs it");
    for key in [r#"{"private_key":"hush"}"#, r#"{"client_email":"e","private_key":"hush","token_uri":"https://t"}"#] {
        let error = with(&[("service_account_json", key)]);
        assert!(error.starts_with("service_account_json: ") && !error.contains("hush"), "{error}");
    }
    let error = open(&[("mode", "api"), ("region", "us/../x"), ("project", "p"), ("instance", "i")]);
    assert!(error.starts_with("region: must have letters"), "{error}");
    let error = with(&[("log_types", "okta.system=a/b")]);
    assert!(error.starts_with("log_types: \"okta.system=a/b\" must be"), "{error}");
}
