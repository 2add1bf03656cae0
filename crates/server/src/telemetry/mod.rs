//! What the hub tells of itself: log lines, metrics, health.

mod health;
mod logs;
mod requests;

pub(crate) use health::routes;
pub use logs::start_logs;
pub(crate) use requests::observe;

/// How metrics, which anybody may read, call a feature: those of the wire by name, accounts' own without it.
pub(crate) fn metric_label(feature: &daybook_events::Feature) -> &'static str {
    daybook_events::WIRE_FEATURES.iter().find(|wire| *wire == feature).map_or("other", |wire| match wire.as_str() {
        "signinattempts" => "signinattempts",
        "itemusages" => "itemusages",
        _ => "auditevents",
    })
}
