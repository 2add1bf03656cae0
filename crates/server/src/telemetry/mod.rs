//! What the hub tells of itself: log lines, metrics, health.

mod health;
mod logs;
mod requests;

pub(crate) use health::routes;
pub use logs::start_logs;
pub(crate) use requests::observe;
