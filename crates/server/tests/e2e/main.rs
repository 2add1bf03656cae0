//! The hub from outside: the real binary, real sockets, SQLite and PostgreSQL.
//!
//! Tests share a running hub where an account of their own is isolation enough, and start one where they need their own
//! configuration or mean to break something. PostgreSQL is the one that `make test` starts.

#![allow(clippy::unwrap_used, missing_docs)]

mod backpressure;
mod console_access;
mod console_accounts;
mod console_audit;
mod console_destinations;
mod console_ends;
mod console_events;
mod console_links;
mod console_me;
mod console_pages;
mod console_people;
mod console_races;
mod console_rights;
mod console_sessions;
mod console_sign_in;
mod console_sources;
mod console_tokens;
mod crash;
mod cursors;
mod destinations;
mod destinations_loop;
mod destinations_set_up;
mod destinations_upgrade;
mod disk;
mod errors;
mod fidelity;
mod follow;
mod followed_files;
mod grove;
mod health;
mod hec;
mod hostile;
mod idempotency;
mod ingest;
mod introspection;
mod keys;
mod limits;
mod manage;
mod manage_refusals;
mod master_key;
mod mirror;
mod nodes;
mod openapi;
mod pages;
mod process;
mod retention;
mod shutdown;
mod sources_set_up;
mod support;
mod tls;
mod tokens;
mod v3;
mod versions;
mod windows;

/// A test on both stores, each time with a hub that it may share with other tests.
macro_rules! on_both_stores {
    ($($(#[$meta:meta])* async fn $name:ident($hub:ident: Hub) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                $(#[$meta])*
                async fn check($hub: Hub) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    check(Hub::shared(crate::support::Store::Sqlite)).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    check(Hub::shared(crate::support::Store::Postgres)).await;
                }
            }
        )+
    };
}

/// A test on both stores, each time with a hub of its own.
macro_rules! on_own_hubs {
    ($($(#[$meta:meta])* async fn $name:ident($hub:ident: Hub) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                $(#[$meta])*
                async fn check($hub: Hub) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    check(Hub::start_on(crate::support::Store::Sqlite, crate::support::daybook())).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    check(Hub::start_on(crate::support::Store::Postgres, crate::support::daybook())).await;
                }
            }
        )+
    };
}

pub(crate) use {on_both_stores, on_own_hubs};
