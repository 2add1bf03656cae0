//! What the server says of our token, in the words of v2 whichever version answered.

use serde::Deserialize;

/// What a token is and may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Introspection {
    /// The integration that the token belongs to.
    #[serde(default, alias = "UUID")]
    pub uuid: Option<String>,
    /// When the token was issued, RFC 3339.
    #[serde(default, alias = "IssuedAt")]
    pub issued_at: Option<String>,
    /// The features that it may read; names to come included.
    #[serde(alias = "Features")]
    pub features: Vec<String>,
    /// The account; only newer servers say it.
    #[serde(default)]
    pub account_uuid: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_read_as_one() {
        let v2 = r#"{"uuid":"I","issued_at":"2026-02-03T04:05:06Z","features":["auditevents"],"new":1}"#;
        let v1 = r#"{"UUID":"I","IssuedAt":"2026-02-03T04:05:06Z","Features":["auditevents"]}"#;
        let [v2, v1] = [v2, v1].map(|json| serde_json::from_str::<Introspection>(json).unwrap());
        assert_eq!(v2, v1);
        assert_eq!(v2.features, ["auditevents"]);
        assert_eq!(serde_json::from_str::<Introspection>(r#"{"features":[]}"#).unwrap().uuid, None);
    }
}
