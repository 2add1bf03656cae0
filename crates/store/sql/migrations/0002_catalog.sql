-- The catalog: accounts, integrations, bearer tokens and their use, signing keys, secrets of the hub.

CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    retention_days BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE integrations (
    integration_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX integrations_by_name ON integrations (account_id, name) WHERE state <> 'removed';

CREATE TABLE tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    integration_id TEXT NOT NULL REFERENCES integrations (integration_id),
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    features TEXT NOT NULL,
    signature_digest TEXT NOT NULL UNIQUE,
    key_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX tokens_by_name ON tokens (integration_id, name) WHERE revoked_at = 0;
CREATE INDEX tokens_by_account ON tokens (account_id, integration_id);

CREATE TABLE token_uses (
    token_id TEXT NOT NULL,
    feature TEXT NOT NULL,
    last_used_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    requests BIGINT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (token_id, feature)
);

CREATE TABLE signing_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    sealed_private_key BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE hub_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

CREATE TABLE administration_tokens (
    token_digest TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
