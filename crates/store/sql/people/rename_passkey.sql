-- A passkey's new name. Primary key.
UPDATE passkeys SET name = $3 WHERE credential_id = $1 AND person_id = $2
