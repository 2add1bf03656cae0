-- The log: streams, their blocks, named cursors with leases, and what makes a repeated append safe.
-- BYTEA is written BLOB for SQLite; everything else is the same text on both engines.

CREATE TABLE streams (
    stream_id BIGINT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    feature TEXT NOT NULL,
    next_position BIGINT NOT NULL,
    last_arrival BIGINT NOT NULL,
    UNIQUE (account_id, feature)
);

CREATE TABLE blocks (
    stream_id BIGINT NOT NULL,
    first_position BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    min_time BIGINT NOT NULL,
    max_time BIGINT NOT NULL,
    min_arrival BIGINT NOT NULL,
    max_arrival BIGINT NOT NULL,
    codec BIGINT NOT NULL,
    raw_bytes BIGINT NOT NULL,
    payload BYTEA NOT NULL
);

-- Finds the block of a position, and skips blocks by time, without touching a payload.
CREATE UNIQUE INDEX blocks_by_position ON blocks
(stream_id, last_position, first_position, min_time, max_time, min_arrival, max_arrival, raw_bytes);

CREATE TABLE cursors (
    name TEXT NOT NULL,
    stream_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (name, stream_id)
);

CREATE TABLE idempotency_keys (
    stream_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, idempotency_key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
