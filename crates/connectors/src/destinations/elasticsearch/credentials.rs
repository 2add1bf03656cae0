//! How requests show who sends them: to the cluster, by a header that is always the same, or to AWS in front of it, by a
//! signature of each request (Signature Version 4), which is `object_store`'s.

use std::fmt;

use data_encoding::BASE64;
use http::HeaderMap;
use object_store::{
    aws::{AwsAuthorizer, AwsCredential},
    client::{HttpRequest, HttpRequestBody},
};
use reqwest::{
    RequestBuilder, Url,
    header::{AUTHORIZATION, HeaderValue},
};

use crate::{DeliveryError, Settings, SettingsError};

/// The name by which signatures call Amazon OpenSearch Service.
const SERVICE: &str = "es";

/// How requests show who sends them.
pub(super) enum Credentials {
    /// Not at all.
    None,
    /// By an API key, or a user's name and password.
    Header(HeaderValue),
    /// By a signature.
    Aws(Signer),
}

/// Signs with an access key.
pub(super) struct Signer {
    credential: AwsCredential,
    region: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials([secret])")
    }
}

impl Credentials {
    /// What the settings say, of a cluster at this URL.
    ///
    /// # Errors
    ///
    /// What the chosen way needs is missing, or belongs to the other.
    pub(super) fn of(settings: &Settings, url: &Url) -> Result<Self, SettingsError> {
        let is_aws = settings.text("auth") == "aws";
        let others: &[&str] = if is_aws {
            &["api_key", "username", "password"]
        } else {
            &["region", "access_key_id", "secret_access_key", "session_token"]
        };
        if let Some(name) = others.iter().find(|name| settings.optional(name).is_some()) {
            let auth = if is_aws { "cluster" } else { "aws" };
            return Err(SettingsError::of(name, format!("is for auth={auth}")));
        }
        if is_aws { Signer::of(settings, url).map(Self::Aws) } else { cluster(settings) }
    }

    /// Adds them to a request that has everything else.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub(super) fn put(&self, request: RequestBuilder) -> Result<RequestBuilder, DeliveryError> {
        match self {
            Self::None => Ok(request),
            Self::Header(value) => Ok(request.header(AUTHORIZATION, value)),
            Self::Aws(signer) => signer.sign(request),
        }
    }
}

fn cluster(settings: &Settings) -> Result<Credentials, SettingsError> {
    let (user, password) = (settings.optional("username"), settings.optional("password"));
    let text = match (settings.optional("api_key"), user, password) {
        (None, None, None) => return Ok(Credentials::None),
        // An encoded key is base64, which has no colon.
        (Some(key), None, None) if key.contains(':') => format!("ApiKey {}", BASE64.encode(key.as_bytes())),
        (Some(key), None, None) => format!("ApiKey {key}"),
        (None, Some(user), Some(password)) => {
            format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
        }
        (None, Some(_), None) => return Err(SettingsError::of("password", "is missing: the user needs one")),
        (None, None, Some(_)) => return Err(SettingsError::of("username", "is missing: the password needs a user")),
        (Some(_), _, _) => return Err(SettingsError::of("api_key", "goes without username and password")),
    };
    let mut value =
        HeaderValue::from_str(&text).map_err(|_| SettingsError::of("api_key", "must be one line of visible ASCII"))?;
    value.set_sensitive(true);
    Ok(Credentials::Header(value))
}

impl Signer {
    fn of(settings: &Settings, url: &Url) -> Result<Self, SettingsError> {
        let needed = |name: &'static str| {
            let missing = || SettingsError::of(name, "is missing: auth=aws needs it");
            let value = settings.optional(name).ok_or_else(missing)?;
            let is_visible = value.bytes().all(|byte| byte.is_ascii_graphic());
            let wrong = || SettingsError::of(name, "must be visible ASCII characters without spaces");
            is_visible.then(|| value.to_owned()).ok_or_else(wrong)
        };
        if url.path() != "/" {
            // Of a path with escapes, services sign what they escape once more.
            return Err(SettingsError::of(
                "url",
                "must be the domain's endpoint, without a path: auth=aws signs paths",
            ));
        }
        let session_token = settings.optional("session_token").map(|_| needed("session_token")).transpose()?;
        let credential = AwsCredential {
            key_id: needed("access_key_id")?,
            secret_key: needed("secret_access_key")?,
            token: session_token,
        };
        Ok(Self { credential, region: needed("region")? })
    }

    /// Signs method, host, path, query, body and time. Other headers are left out: who is in between may change them.
    fn sign(&self, request: RequestBuilder) -> Result<RequestBuilder, DeliveryError> {
        let (client, request) = request.build_split();
        let mut request = request.map_err(|_| unsigned())?;
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let digest = ring::digest::digest(&ring::digest::SHA256, body);
        let signed = self.signed(request.method(), request.url(), digest.as_ref())?;
        request.headers_mut().extend(signed);
        Ok(RequestBuilder::from_parts(client, request))
    }

    fn signed(&self, method: &http::Method, url: &Url, digest: &[u8]) -> Result<HeaderMap, DeliveryError> {
        let bare = http::Request::builder().method(method).uri(url.as_str()).body(HttpRequestBody::empty());
        let mut bare: HttpRequest = bare.map_err(|_| unsigned())?;
        AwsAuthorizer::new(&self.credential, SERVICE, &self.region)
            .try_authorize(&mut bare, Some(digest))
            .map_err(|_| unsigned())?;
        Ok(bare.into_parts().0.headers)
    }
}

fn unsigned() -> DeliveryError {
    DeliveryError::stop("the request cannot be signed", "check url, region and the access key")
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use daybook_testkit::{Received, Receiver, Reply};
    use ring::{
        digest::{SHA256, digest},
        hmac,
    };
    use serde_json::json;

    use crate::{Delivered, DeliveryError, Destination, DestinationKind, testing};

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// A request as it was signed.
    struct Signed<'a> {
        method: &'a str,
        path: &'a str,
        query: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: &'a [u8],
    }

    fn hmac_of(key: &[u8], text: &str) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    }

    fn hex_digest(bytes: &[u8]) -> String {
        HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
    }

    /// The signature that a request with this `Authorization` should have, as a service works it out (AWS, *Create a signed
    /// AWS API request*). Paths here need no escapes.
    fn signature_of(request: &Signed<'_>, authorization: &str, secret: &str) -> String {
        let (_, rest) = authorization.split_once("Credential=").unwrap();
        let (credential, rest) = rest.split_once(", SignedHeaders=").unwrap();
        let names = rest.split_once(',').unwrap().0;
        let (_, scope) = credential.split_once('/').unwrap();
        let value = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.unwrap_or_else(|| panic!("{name} is signed and not there")).1
        };
        let headers: String = names.split(';').map(|name| format!("{name}:{}\n", value(name).trim())).collect();
        let escape = |text: &str| {
            text.bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                })
                .collect::<String>()
        };
        let pairs = form_urlencoded::parse(request.query.as_bytes());
        let mut query: Vec<String> =
            pairs.map(|(name, value)| format!("{}={}", escape(&name), escape(&value))).collect();
        query.sort();
        let (method, path, query) = (request.method, request.path, query.join("&"));
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{}", hex_digest(request.body));
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", value("x-amz-date"), hex_digest(canonical.as_bytes()));
        let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac_of(&key, part));
        HEXLOWER.encode(&hmac_of(&key, &text))
    }

    fn signature_in(authorization: &str) -> &str {
        authorization.rsplit_once("Signature=").unwrap().1
    }

    #[test]
    fn the_reader_of_signatures_agrees_with_awss_own_examples() {
        const HOST: (&str, &str) = ("Host", "example.amazonaws.com");
        const DATE: (&str, &str) = ("X-Amz-Date", "20150830T123600Z");
        const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
        let scope = "20150830/us-east-1/service/aws4_request";
        // From the test suite of Signature Version 4: get-vanilla, post-vanilla, get-vanilla-query-order-key-case and
        // post-x-www-form-urlencoded.
        for (method, query, headers, names, body, signature) in [
            (
                "GET",
                "",
                &[HOST, DATE][..],
                "host;x-amz-date",
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "",
                &[HOST, DATE],
                "host;x-amz-date",
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "GET",
                "Param2=value2&Param1=value1",
                &[HOST, DATE],
                "host;x-amz-date",
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "POST",
                "",
                &[FORM, HOST, DATE],
                "content-type;host;x-amz-date",
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}"
            );
            let request = Signed { method, path: "/", query, headers, body: body.as_bytes() };
            assert_eq!(signature_of(&request, &authorization, KEY), signature_in(&authorization), "{method} {query}");
            assert_ne!(signature_of(&request, &authorization, "another"), signature, "{method} {query}");
        }
    }

    fn open(url: &str, more: &[(&str, &str)]) -> Result<crate::AnyDestination, String> {
        let given = [
            ("url", url),
            ("auth", "aws"),
            ("region", "eu-central-1"),
            ("access_key_id", "AKIDEXAMPLE"),
            ("secret_access_key", KEY),
        ];
        testing::open(DestinationKind::Elasticsearch, &[&given[..], more].concat())
    }

    /// What a service finds wrong with a request's signature.
    fn verify(received: &Received, body: &[u8]) -> Result<(), String> {
        let authorization = received.header("authorization").unwrap();
        let headers: Vec<(&str, &str)> =
            received.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let request = Signed {
            method: received.method.as_str(),
            path: &received.path,
            query: &received.query,
            headers: &headers,
            body,
        };
        let expected = signature_of(&request, authorization, KEY);
        let is_whole = received.header("x-amz-content-sha256") == Some(&hex_digest(body));
        if is_whole && signature_in(authorization) == expected { Ok(()) } else { Err(authorization.to_owned()) }
    }

    #[tokio::test]
    async fn every_request_is_signed_as_it_is_sent() {
        let receiver = Receiver::start().await;
        receiver.answer_with(|request| match request.method.as_str() {
            "PUT" => Reply::json(200, &json!({ "acknowledged": true })),
            _ => Reply::json(200, &json!({ "errors": false, "items": [] })),
        });
        let more = [("format", "ecs"), ("install_template", "true"), ("session_token", "token-hush")];
        let domain = open(&receiver.url(), &more).unwrap();
        assert_eq!(domain.deliver(&testing::batch("auditevents", 3)).await, Ok(Delivered::all()));
        let received = receiver.received();
        assert_eq!(received.len(), 2, "a template, and events");
        for request in &received {
            assert_eq!(verify(request, &request.body), Ok(()));
            assert!(verify(request, b"another").is_err());
            let authorization = request.header("authorization").unwrap();
            assert!(authorization.contains("/eu-central-1/es/aws4_request, "), "{authorization}");
            let names = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
            assert!(authorization.contains(names), "{authorization}");
        }
        assert_eq!(received[1].header("content-encoding"), Some("gzip"), "what is signed is packed");
        receiver.answer_with(|_| Reply::json(403, &json!({ "message": format!("not {KEY}, not token-hush") })));
        let error = domain.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Stop { .. }), "{error:?}");
        assert!(!format!("{error:?} {domain:?}").contains("hush") && !format!("{error:?}").contains(KEY), "{error:?}");
    }

    #[test]
    fn settings_of_one_way_are_not_taken_with_the_other() {
        let url = "https://search-acme.eu-central-1.es.amazonaws.com";
        assert!(open(url, &[]).is_ok());
        for (url, more, part) in [
            (url, &[("api_key", "k")][..], "api_key: is for auth=cluster"),
            (url, &[("auth", "cluster")], "region: is for auth=aws"),
            (url, &[("region", "")], "region: is missing: auth=aws needs it"),
            (url, &[("secret_access_key", "")], "secret_access_key: is missing: auth=aws needs it"),
            (url, &[("session_token", "a b")], "session_token: must be visible ASCII"),
            ("https://proxy.acme.example/es", &[], "url: must be the domain's endpoint"),
        ] {
            let error = open(url, more).unwrap_err();
            assert!(error.starts_with(part), "{error}");
        }
    }
}
