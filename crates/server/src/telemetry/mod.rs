//! What the hub tells of itself: log lines, metrics, health.

mod health;
mod logs;
mod requests;

use daybook_events::Feature;

pub(crate) use health::{check_store, routes};
pub use logs::start_logs;
pub(crate) use requests::observe;

/// How metrics, which anybody may read, call a feature: those of the wire by name, accounts' own without it.
pub(crate) fn metric_label(feature: &Feature) -> &'static str {
    match feature.as_str() {
        "signinattempts" => "signinattempts",
        "itemusages" => "itemusages",
        "auditevents" => "auditevents",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use daybook_events::WIRE_FEATURES;

    use super::*;

    #[test]
    fn metrics_name_the_features_of_the_wire_alone() {
        for feature in WIRE_FEATURES {
            assert_eq!(metric_label(&feature), feature.as_str());
        }
        assert_eq!(metric_label(&"okta.system".parse().unwrap()), "other");
    }
}
