-- Moves a key from one status to another. Primary key.
UPDATE signing_keys SET status = $3 WHERE key_id = $1 AND status = $2
