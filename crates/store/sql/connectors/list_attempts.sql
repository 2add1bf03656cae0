-- The last attempts of a connector, newest first. Primary key.
SELECT connector_id, attempt_id, attempted_at, feature, outcome, events, bytes, duration_ms, detail
FROM connector_attempts WHERE connector_id = $1 ORDER BY attempt_id DESC LIMIT $2
