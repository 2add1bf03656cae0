//! What the brokers' error codes mean for a batch, by Kafka's table of them.

use crate::{DeliveryError, http::shorten};

/// What to do about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// Passing, and nothing was appended.
    Later,
    /// Passing, and the records may have been appended.
    InDoubt,
    /// The broker does not know this producer's id or sequence; a new id mends it.
    NewProducer,
    TooLarge,
    Refused,
    Stop(&'static str),
}

use Means::{InDoubt, Later, NewProducer, Refused, Stop, TooLarge};

const AUTHENTICATE: &str = "check sasl_mechanism, username and password";
const REPORT: &str =
    "this broker does not go together with Daybook's producer; compare its version with the documentation";

const CODES: &[(i16, &str, Means)] = &[
    (-1, "UNKNOWN_SERVER_ERROR", InDoubt),
    (2, "CORRUPT_MESSAGE", Later),
    (3, "UNKNOWN_TOPIC_OR_PARTITION", Later),
    (5, "LEADER_NOT_AVAILABLE", Later),
    (6, "NOT_LEADER_OR_FOLLOWER", Later),
    (7, "REQUEST_TIMED_OUT", InDoubt),
    (8, "BROKER_NOT_AVAILABLE", Later),
    (9, "REPLICA_NOT_AVAILABLE", Later),
    (10, "MESSAGE_TOO_LARGE", TooLarge),
    (13, "NETWORK_EXCEPTION", InDoubt),
    (14, "COORDINATOR_LOAD_IN_PROGRESS", Later),
    (15, "COORDINATOR_NOT_AVAILABLE", Later),
    (16, "NOT_COORDINATOR", Later),
    (
        17,
        "INVALID_TOPIC_EXCEPTION",
        Stop("give another topic: 1 to 249 letters, digits, dots, hyphens and underscores"),
    ),
    (18, "RECORD_LIST_TOO_LARGE", TooLarge),
    (19, "NOT_ENOUGH_REPLICAS", Later),
    (20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", InDoubt),
    (29, "TOPIC_AUTHORIZATION_FAILED", Stop("allow this user to WRITE to and DESCRIBE the topic (kafka-acls)")),
    (
        31,
        "CLUSTER_AUTHORIZATION_FAILED",
        Stop("allow this user IDEMPOTENT_WRITE on the cluster (kafka-acls), or set idempotent=false"),
    ),
    (32, "INVALID_TIMESTAMP", Refused),
    (33, "UNSUPPORTED_SASL_MECHANISM", Stop(AUTHENTICATE)),
    (34, "ILLEGAL_SASL_STATE", Stop(AUTHENTICATE)),
    (35, "UNSUPPORTED_VERSION", Stop(REPORT)),
    (37, "INVALID_PARTITIONS", Stop("create the topic by hand; the cluster has no numbers of its own for new topics")),
    (
        38,
        "INVALID_REPLICATION_FACTOR",
        Stop("create the topic by hand; the cluster has no numbers of its own for new topics"),
    ),
    (41, "NOT_CONTROLLER", Later),
    (42, "INVALID_REQUEST", Stop(REPORT)),
    (43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", Stop("set the topic's message.format.version to 0.11 or later")),
    (44, "POLICY_VIOLATION", Stop("ask the cluster's administrator which topics and settings its policy lets through")),
    (45, "OUT_OF_ORDER_SEQUENCE_NUMBER", NewProducer),
    (47, "INVALID_PRODUCER_EPOCH", NewProducer),
    (49, "INVALID_PRODUCER_ID_MAPPING", NewProducer),
    (51, "CONCURRENT_TRANSACTIONS", Later),
    (56, "KAFKA_STORAGE_ERROR", InDoubt),
    (58, "SASL_AUTHENTICATION_FAILED", Stop(AUTHENTICATE)),
    (59, "UNKNOWN_PRODUCER_ID", NewProducer),
    (72, "LISTENER_NOT_FOUND", Later),
    (74, "FENCED_LEADER_EPOCH", Later),
    (75, "UNKNOWN_LEADER_EPOCH", Later),
    (76, "UNSUPPORTED_COMPRESSION_TYPE", Stop("set another compression, such as gzip")),
    (87, "INVALID_RECORD", Refused),
    (89, "THROTTLING_QUOTA_EXCEEDED", Later),
    (90, "PRODUCER_FENCED", NewProducer),
];

/// No error.
pub(super) const NONE: i16 = 0;
/// The topic or partition is not there.
pub(super) const UNKNOWN_TOPIC: i16 = 3;
/// The partition has no leader now.
pub(super) const LEADER_NOT_AVAILABLE: i16 = 5;
/// Somebody else has created it in between.
pub(super) const TOPIC_ALREADY_EXISTS: i16 = 36;
/// The records are there already.
pub(super) const DUPLICATE_SEQUENCE: i16 = 46;

/// Whether records that were answered with this code may have been appended all the same.
pub(super) fn is_in_doubt(code: i16) -> bool {
    means(code).is_none_or(|(_, means)| means == InDoubt)
}

/// Whether a new producer id mends it.
pub(super) fn wants_new_producer(code: i16) -> bool {
    means(code).is_some_and(|(_, means)| means == NewProducer)
}

/// What a code means for what was asked, such as "writing to 1password.auditevents, partition 0".
pub(super) fn judge(asked: &str, code: i16, message: Option<&str>) -> DeliveryError {
    let (name, means) = means(code).unwrap_or(("unknown to Daybook", InDoubt));
    let mut reason = format!("{asked}: the broker answered {code} ({name})");
    if let Some(message) = message.filter(|message| !message.is_empty()) {
        reason.push_str(": ");
        reason.push_str(&shorten(message));
    }
    match means {
        Later | InDoubt | NewProducer => DeliveryError::retry(reason),
        TooLarge => DeliveryError::TooLarge { reason },
        Refused => DeliveryError::Refused { reason },
        Stop(fix) => DeliveryError::stop(reason, fix),
    }
}

fn means(code: i16) -> Option<(&'static str, Means)> {
    CODES.iter().find(|(known, _, _)| *known == code).map(|(_, name, means)| (*name, *means))
}
