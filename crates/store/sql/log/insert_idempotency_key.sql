-- Claims an idempotency key in the transaction of its append; no row is changed if it was claimed before. Primary key.
INSERT INTO idempotency_keys (stream_id, idempotency_key, body_digest, answer, created_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (stream_id, idempotency_key) DO NOTHING
