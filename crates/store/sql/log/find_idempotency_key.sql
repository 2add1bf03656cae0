-- What was answered under an idempotency key. Primary key.
SELECT body_digest, answer, created_at FROM idempotency_keys WHERE stream_id = $1 AND idempotency_key = $2
