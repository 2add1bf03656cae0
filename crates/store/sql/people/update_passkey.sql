-- A passkey after it was used. Primary key.
UPDATE passkeys SET credential = $3, used_at = $4 WHERE credential_id = $1 AND person_id = $2
