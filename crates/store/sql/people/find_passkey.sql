-- A passkey by its credential id. Primary key.
SELECT credential_id, person_id, name, credential, created_at, used_at FROM passkeys WHERE credential_id = $1
