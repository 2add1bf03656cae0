-- Forgets idempotency keys older than a day. Index: idempotency_keys_by_age.
DELETE FROM idempotency_keys WHERE created_at < $1
