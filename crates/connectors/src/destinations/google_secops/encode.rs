//! Bodies of the Chronicle API's `logs:import`.

use data_encoding::BASE64;

use crate::Batch;

/// The body of a batch of one log type, whose resource name is `parent`.
pub(super) fn body_of(batch: &Batch, parent: &str, namespace: Option<&str>) -> Vec<u8> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let tail = match namespace {
        Some(namespace) => format!(r#"","environment_namespace":{}}}"#, quoted(namespace)),
        None => r#""}"#.to_owned(),
    };
    let mut body = format!(r#"{{"parent":{},"inlineSource":{{"logs":["#, quoted(parent));
    body.reserve(batch.text_bytes() / 3 * 4 + batch.events.len() * (tail.len() + 16));
    for (index, event) in batch.events.iter().enumerate() {
        body.push_str(if index > 0 { r#",{"data":""# } else { r#"{"data":""# });
        BASE64.encode_append(event.text.as_bytes(), &mut body);
        body.push_str(&tail);
    }
    body.push_str("]}}");
    body.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch_of;

    #[test]
    fn each_event_is_base64() {
        let batch = batch_of("auditevents", &["{}", r#"{"é":1}"#]);
        let body = |namespace| String::from_utf8(body_of(&batch, "projects/p", namespace)).unwrap();
        let expected = r#"{"parent":"projects/p","inlineSource":{"logs":[{"data":"e30="},{"data":"eyLDqSI6MX0="}]}}"#;
        assert_eq!(body(None), expected);
        assert!(body(Some("a\"b")).contains(r#"{"data":"e30=","environment_namespace":"a\"b"},"#));
    }
}
