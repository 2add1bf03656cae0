//! Signatures of Standard Webhooks, verified by the standard's own library for Python.

use std::process::Command;

use super::process::{program, try_run};

const VERIFY: &str = "
import json, sys
from standardwebhooks import Webhook
secret, headers, body = sys.argv[1:]
Webhook(secret).verify(body, json.loads(headers))
";

/// Whether a body and its headers (`webhook-id`, `webhook-timestamp`, `webhook-signature`) were signed with this secret
/// (`whsec_…`) within the last five minutes.
///
/// # Errors
///
/// They were not; the text is the library's.
///
/// # Panics
///
/// The library is not installed.
pub fn verify_webhook(secret: &str, headers: &[(&str, &str)], body: &str) -> Result<(), String> {
    let headers: serde_json::Map<String, serde_json::Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let headers = serde_json::Value::Object(headers).to_string();
    let mut python = Command::new(program("python-with-standardwebhooks"));
    match try_run(python.args(["-c", VERIFY, secret, &headers, body])) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
