//! The hub: HTTP, workers, tokens, configuration and the command line around the log.
//!
//! What lives here: everything that faces people and machines outside. What it promises: every request is authenticated
//! before it costs anything, every loop has a bound in the configuration, every error says what to do next. What it
//! leaves to others: keeping events (`daybook-store`), what they mean (`daybook-events`), reading other servers
//! (`daybook-client`), making them up (`daybook-simulation`).

mod background;
pub mod cli;
pub mod config;
mod connectors;
pub mod console;
pub mod data_dir;
mod error;
mod events_api;
pub mod fuzzing;
mod hear_out;
mod ingest;
mod listener;
pub mod manage;
mod master_key;
mod openapi;
mod own_requests;
mod pressure;
mod request;
mod router;
mod serve;
mod state;
mod telemetry;
pub mod tls;
mod tokens;
mod workers;

pub use error::{ErrorBody, ErrorV1};
pub use serve::serve;
pub use telemetry::start_logs;
