-- A person's new passkey; the primary key refuses one that is somebody's already.
INSERT INTO passkeys (credential_id, person_id, name, credential, created_at, used_at)
VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING
