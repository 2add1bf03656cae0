//! What a store's answer to a write means. The codes are Amazon's, which others copy, and Azure's; Google tells by status.
//!
//! | answer | what to do |
//! |---|---|
//! | 304, 412, 409 `BlobAlreadyExists` | there already: as good as written |
//! | 501, `NotImplemented` | once more without the condition, where the settings let that |
//! | 408, other 409, 429, 5xx, `RequestTimeout` | the same again, after `Retry-After` or our own back-off |
//! | 413, `EntityTooLarge`, `RequestBodyTooLarge` | halves |
//! | everything else | stop, and tell: an object that is refused is not refused for one of its events |

use super::client::Fault;
use crate::{
    DeliveryError,
    http::{HttpAnswer, shorten},
};

/// What came of a write that was not plain success.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The object is there already.
    Exists,
    /// The store cannot make a write conditional.
    Unconditional(DeliveryError),
    /// It was not written.
    Failed(DeliveryError),
}

impl Verdict {
    /// Reads the error of a write.
    pub(super) fn of(error: &object_store::Error) -> Self {
        match Fault::of(error) {
            Some(Fault::Answer(answer)) => Self::of_answer(answer),
            Some(Fault::NoAnswer(error)) => Self::Failed(error.clone()),
            Some(Fault::Forbidden(reason)) => {
                Self::Failed(DeliveryError::stop(reason, "give the URL of a store that connections may go to"))
            }
            None => {
                let reason = format!("the store's answer cannot be read: {}", shorten(&error.to_string()));
                Self::Failed(DeliveryError::retry(reason))
            }
        }
    }

    pub(super) fn of_answer(answer: &HttpAnswer) -> Self {
        let told = Told::of(answer);
        let status = answer.status.as_u16();
        let reason = told.reason(status);
        match (status, told.code.as_str()) {
            (304 | 412, _) | (409, "BlobAlreadyExists") => Self::Exists,
            (501, _) | (_, "NotImplemented") => {
                let fix = "the store does not know an option of the request: try create_only=off, and \
                           server_side_encryption=none";
                Self::Unconditional(DeliveryError::stop(reason, fix))
            }
            (413, _) | (_, "EntityTooLarge" | "RequestBodyTooLarge") => {
                Self::Failed(DeliveryError::TooLarge { reason })
            }
            (408 | 409 | 429 | 500..=599, _) | (_, "RequestTimeout" | "SlowDown") => {
                Self::Failed(DeliveryError::Retry { reason, after: answer.retry_after() })
            }
            (_, code) => Self::Failed(DeliveryError::stop(reason, fix_of(status, code, &told.message))),
        }
    }
}

/// What an answer says.
struct Told {
    code: String,
    message: String,
}

impl Told {
    fn of(answer: &HttpAnswer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let header = answer.headers.get("x-ms-error-code").and_then(|code| code.to_str().ok());
        let code = element(&text, "Code").or(header).unwrap_or_default();
        let message = element(&text, "Message").unwrap_or(if text.contains('<') { "" } else { &text });
        Self { code: shorten(code), message: shorten(message) }
    }

    fn reason(&self, status: u16) -> String {
        let mut reason = format!("the store answered {status}");
        if !self.code.is_empty() {
            reason.push(' ');
            reason.push_str(&self.code);
        }
        if !self.message.is_empty() {
            reason.push_str(": ");
            reason.push_str(&self.message);
        }
        reason
    }
}

/// The text of an element; stores' errors have each name once.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

fn fix_of(status: u16, code: &str, message: &str) -> &'static str {
    // Azure and Google tell a wrong clock by words alone.
    let is_clock = ["date header", "clock", "Token used too early"].iter().any(|words| message.contains(words));
    match (status, code) {
        (_, "RequestTimeTooSkewed") => CLOCK,
        (401 | 403, _) if is_clock => CLOCK,
        (_, "InvalidAccessKeyId") => "the store does not know this access_key_id: enter the keys anew",
        (_, "SignatureDoesNotMatch") => "the secret does not belong to the key's id: enter both anew; check the region",
        (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => {
            "enter new credentials, with their session_token"
        }
        (_, "AuthenticationFailed" | "AuthorizationFailure" | "AuthorizationPermissionMismatch") => {
            "enter the account's key or the SAS token anew; check its end, its permissions and the account's firewall"
        }
        (_, "NoSuchBucket" | "ContainerNotFound") => NO_BUCKET,
        (404, _) => NO_BUCKET,
        (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            "the bucket is in another region: give that region"
        }
        (300..=399, _) => "redirects are not followed; give the bucket's region, or the URL that it leads to",
        (_, code) if code.starts_with("KMS.") => "check kms_key_id, and that the key may be used by these credentials",
        (401 | 403, _) => "check the credentials; they must be allowed to write objects under the prefix",
        _ => "check the settings against the store's documentation",
    }
}

const CLOCK: &str = "set the clock of the hub's machine: the store takes only requests that were signed just now";
const NO_BUCKET: &str = "create the bucket or container, or give the name of one that is there";

#[cfg(test)]
mod tests {
    use daybook_events::Timestamp;
    use reqwest::{StatusCode, header::HeaderMap};

    use super::*;

    fn verdict(status: u16, body: &str) -> Verdict {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        let now = Timestamp::from_seconds(0);
        Verdict::of_answer(&HttpAnswer { status, headers, body: body.as_bytes().to_vec(), now })
    }

    fn xml(code: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>In\nwords</Message><HostId>x</HostId></Error>"
        )
    }

    #[test]
    fn what_is_there_already_is_as_good_as_written() {
        assert_eq!(verdict(412, &xml("PreconditionFailed")), Verdict::Exists);
        assert_eq!(verdict(409, &xml("BlobAlreadyExists")), Verdict::Exists);
        assert_eq!(verdict(304, ""), Verdict::Exists);
    }

    #[test]
    fn passing_conditions_are_tried_again() {
        for (status, code) in [
            (503, "SlowDown"),
            (500, "InternalError"),
            (409, "ConditionalRequestConflict"),
            (400, "RequestTimeout"),
            (429, ""),
        ] {
            let Verdict::Failed(DeliveryError::Retry { reason, after }) = verdict(status, &xml(code)) else {
                panic!("{status} {code}");
            };
            assert!(reason.contains("In words") && !reason.contains("HostId"), "{reason}");
            assert_eq!(after.map(|wait| wait.as_secs()), Some(7));
        }
    }

    #[test]
    fn what_waits_for_a_person_says_what_to_do() {
        for (status, code, part) in [
            (403, "SignatureDoesNotMatch", "enter both anew"),
            (403, "InvalidAccessKeyId", "does not know this access_key_id"),
            (403, "RequestTimeTooSkewed", "set the clock"),
            (400, "ExpiredToken", "session_token"),
            (403, "AccessDenied", "allowed to write"),
            (403, "AuthenticationFailed", "SAS token"),
            (404, "NoSuchBucket", "create the bucket"),
            (404, "ContainerNotFound", "create the bucket"),
            (404, "", "create the bucket"),
            (301, "PermanentRedirect", "another region"),
            (400, "AuthorizationHeaderMalformed", "another region"),
            (400, "KMS.NotFoundException", "kms_key_id"),
            (400, "InvalidArgument", "documentation"),
        ] {
            let Verdict::Failed(DeliveryError::Stop { fix, .. }) = verdict(status, &xml(code)) else {
                panic!("{status} {code}");
            };
            assert!(fix.contains(part), "{status} {code}: {fix}");
        }
        let clock = "<Code>AuthenticationFailed</Code><Message>Request date header too old: x</Message>";
        assert!(matches!(verdict(403, clock), Verdict::Failed(DeliveryError::Stop { fix, .. }) if fix == CLOCK));
    }

    #[test]
    fn too_much_is_halved_and_an_unknown_condition_is_left_out() {
        for (status, code) in [(413, "RequestBodyTooLarge"), (400, "EntityTooLarge"), (413, "")] {
            assert!(matches!(verdict(status, &xml(code)), Verdict::Failed(DeliveryError::TooLarge { .. })), "{code}");
        }
        for (status, code) in [(501, "NotImplemented"), (501, ""), (400, "NotImplemented")] {
            assert!(matches!(verdict(status, &xml(code)), Verdict::Unconditional(_)), "{status} {code}");
        }
    }
}
