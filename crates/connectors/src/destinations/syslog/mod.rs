//! Syslog: RFC 5424 messages over TLS (RFC 5425) or plain TCP (RFC 6587).
//!
//! ```text
//!  event ──▶ <PRI>1 TIME HOSTNAME APP-NAME - MSGID SD MSG ──▶ framed ──▶ one connection, kept
//!                                                                          │ confirm
//!                                                                          ├ queue: the peer's TCP has all of it
//!                                                                          └ close: the receiver has read all of it
//! ```
//!
//! Syslog has no acknowledgement. What stands in for one is TCP's, which says that the bytes reached the other machine and
//! not that a program has read them; or, at the price of a connection a batch, the receiver's end of the connection,
//! which it gives after it has read ours. What is lost between is what [`send`] sends again on the next connection.

mod config;
mod encode;
mod link;
mod queue;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
