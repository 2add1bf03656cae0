//! Elasticsearch and OpenSearch, and whatever else takes `_bulk`.
//!
//! ```text
//!  format=raw         {"create":{"_id":UUID}}⏎{"@timestamp":…,"message":"{…}",…}⏎   for the Elastic integration's pipelines
//!  format=ecs, ocsf   {"create":{"_id":UUID}}⏎{"data_stream":{…},…}⏎               for a template of ours, or any other
//!                                     │ POST DATA-STREAM/_bulk
//!                                     ▼
//!  201 taken │ 409 was there │ 408, 429, 5xx again │ 401, 403, 404, blocked: stop │ other 4xx: that event is refused
//! ```
//!
//! `create` with the event's own id drops repeats, as long as the data stream's backing index is the same.

mod answer;
mod config;
mod credentials;
mod encode;
mod send;
mod target;
mod template;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
