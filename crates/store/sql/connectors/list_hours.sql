-- What a connector did since an hour. Primary key.
SELECT connector_id, hour, events, bytes, batches, retries, rejected, repeated, busy_ms
FROM connector_hours WHERE connector_id = $1 AND hour >= $2 ORDER BY hour
