//! What an upstream's refusals mean.

use std::{error::Error, iter};

use daybook_client::ClientError;

use crate::SourceError;

const TOKEN_FIX: &str = "make a new token at the upstream that may read this, and give it to the source: daybook source \
                         set NAME --set-file token=FILE";

/// Whether the upstream does not take the request itself, which is the cursor's fault where there is one.
pub(super) fn is_request_refused(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status: 400, .. })
}

pub(super) fn judge(error: &ClientError) -> SourceError {
    let reason = words(error);
    match error {
        ClientError::Refused { status: 401 | 403, .. } => SourceError::stop(reason, TOKEN_FIX),
        _ if error.is_passing() => SourceError::Retry { reason, after: error.retry_after() },
        // A proxy that cuts answers short, or says something of its own with 200, may stop doing so.
        ClientError::Answer { .. } => SourceError::retry(reason),
        ClientError::Send { .. } => {
            SourceError::stop(reason, "check the certificate; a private authority goes into ca_pem")
        }
        _ => SourceError::stop(reason, "check the source's url and token, then test it: daybook source test NAME"),
    }
}

/// The error and what lies under it. The client keeps token and payloads out of both.
fn words(error: &ClientError) -> String {
    let mut words = error.to_string();
    for cause in iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        if !words.ends_with(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}
