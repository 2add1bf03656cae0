-- A session was used just now. Primary key.
UPDATE sessions SET seen_at = $2, address = $3 WHERE secret_digest = $1
