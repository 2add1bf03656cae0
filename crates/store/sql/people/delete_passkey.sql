-- Removes a passkey. Primary key.
DELETE FROM passkeys WHERE credential_id = $1 AND person_id = $2
