-- A new signing key.
INSERT INTO signing_keys (key_id, status, sealed_private_key, public_key, created_at) VALUES ($1, $2, $3, $4, $5)
