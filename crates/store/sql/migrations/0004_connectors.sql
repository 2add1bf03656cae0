-- Connectors: sources that bring events in, destinations that they are delivered to; how they fare; what a destination
-- refused; what is delivered once more; where each source is. A time of 0 means never.

CREATE TABLE connectors (
    connector_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    settings TEXT NOT NULL,
    sealed_secrets BYTEA NOT NULL,
    origin TEXT NOT NULL,
    revision BIGINT NOT NULL,
    dead_letters_numbered BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX connectors_by_name ON connectors (account_id, direction, name) WHERE state <> 'removed';

CREATE TABLE connector_health (
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    feature TEXT NOT NULL,
    status TEXT NOT NULL,
    last_acknowledged_at BIGINT NOT NULL,
    last_event_time BIGINT NOT NULL,
    last_attempt_at BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    reason TEXT NOT NULL,
    fix TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (connector_id, feature)
);

CREATE TABLE connector_hours (
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    hour BIGINT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    batches BIGINT NOT NULL,
    retries BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    repeated BIGINT NOT NULL,
    busy_ms BIGINT NOT NULL,
    PRIMARY KEY (connector_id, hour)
);

CREATE INDEX connector_hours_by_age ON connector_hours (hour);

CREATE TABLE connector_attempts (
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    attempt_id BIGINT NOT NULL,
    attempted_at BIGINT NOT NULL,
    feature TEXT NOT NULL,
    outcome TEXT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (connector_id, attempt_id)
);

-- Numbered by connector, and a number is never given twice. The unique key makes a second delivery of the same batch find
-- what the first one kept.
CREATE TABLE dead_letters (
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    dead_letter_id BIGINT NOT NULL,
    feature TEXT NOT NULL,
    position BIGINT NOT NULL,
    event_time BIGINT NOT NULL,
    reason TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (connector_id, dead_letter_id),
    UNIQUE (connector_id, feature, position)
);

CREATE INDEX dead_letters_queued ON dead_letters (connector_id, dead_letter_id) WHERE state = 'queued';

CREATE TABLE replays (
    replay_id TEXT NOT NULL PRIMARY KEY,
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    account_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    state TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    done_at BIGINT NOT NULL
);

CREATE INDEX replays_by_connector ON replays (connector_id, requested_at);
CREATE INDEX replays_running ON replays (requested_at) WHERE state = 'running';

CREATE TABLE source_cursors (
    connector_id TEXT NOT NULL REFERENCES connectors (connector_id),
    feature TEXT NOT NULL,
    cursor TEXT NOT NULL,
    last_time BIGINT NOT NULL,
    events BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (connector_id, feature)
);
