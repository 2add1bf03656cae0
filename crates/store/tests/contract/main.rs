//! The contract of the store, run on SQLite and on PostgreSQL. One suite, two backends; PostgreSQL is the one that
//! `make test` starts.

#![allow(clippy::unwrap_used, missing_docs)]

mod catalog;
mod connectors;
mod cursors;
mod delivery;
mod disk;
mod log;
mod packing;
mod people;
mod properties;
mod sealing;
mod sources;
mod support;

/// A test on both backends, each with a fresh store.
macro_rules! contract {
    ($($(#[$meta:meta])* async fn $name:ident($store:ident: Store) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                async fn check($store: Store) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    check(Store::sqlite().await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    check(Store::postgres().await).await;
                }
            }
        )+
    };
}

pub(crate) use contract;
