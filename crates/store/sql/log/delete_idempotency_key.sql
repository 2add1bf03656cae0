-- Forgets one idempotency key, expired and about to be claimed anew. Primary key.
DELETE FROM idempotency_keys WHERE stream_id = $1 AND idempotency_key = $2 AND created_at < $3
