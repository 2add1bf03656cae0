-- The console: people, what they may do, how they sign in; the trail of administrative actions; and what is told of the
-- use of bearer tokens. A time of 0 means never.

CREATE TABLE people (
    person_id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    runs_hub BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    person_id TEXT NOT NULL REFERENCES people (person_id),
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, person_id)
);

CREATE INDEX memberships_by_person ON memberships (person_id, account_id);

-- Links that are good once: to make the hub's first owner, to join an account, to choose a new password. Whose code it is
-- is known by its digest alone.
CREATE TABLE links (
    code_digest TEXT NOT NULL PRIMARY KEY,
    link_id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    account_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX links_by_account ON links (account_id, purpose);

CREATE TABLE sessions (
    secret_digest TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    person_id TEXT NOT NULL REFERENCES people (person_id),
    method TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person_id, created_at);

CREATE TABLE passkeys (
    credential_id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (person_id),
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);

CREATE INDEX passkeys_by_person ON passkeys (person_id, created_at);

CREATE TABLE actions (
    event_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    actor_email TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    object_name TEXT NOT NULL,
    value_before TEXT NOT NULL,
    value_after TEXT NOT NULL
);

CREATE INDEX actions_by_time ON actions (account_id, done_at, event_id);

-- What the token string itself says, since its rights can be changed afterwards; who issued it; what it replaces.
ALTER TABLE tokens ADD COLUMN claimed_features TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN claimed_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN networks TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN requests_per_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN issued_by TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
UPDATE tokens SET claimed_features = features, claimed_expires_at = expires_at;

-- The last position that a token was served.
ALTER TABLE token_uses ADD COLUMN position BIGINT NOT NULL DEFAULT 0;

CREATE TABLE token_hours (
    token_id TEXT NOT NULL,
    hour BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (token_id, hour)
);

CREATE INDEX token_hours_by_age ON token_hours (hour);

-- The last refusal of each kind; of a token that nobody knows, account and token are empty.
CREATE TABLE token_refusals (
    account_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    feature TEXT NOT NULL,
    refused_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (account_id, token_id, reason)
);

-- Announcements of a token's end that were made, so that each is made once.
CREATE TABLE token_notices (
    token_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    days BIGINT NOT NULL,
    PRIMARY KEY (token_id, expires_at, days)
);
