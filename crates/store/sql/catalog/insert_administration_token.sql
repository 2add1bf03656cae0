-- A token that administers the hub, by its digest. Primary key.
INSERT INTO administration_tokens (token_digest, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (token_digest) DO NOTHING
