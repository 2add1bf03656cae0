-- The next attempt of a connector, whose lock is held. Primary key.
INSERT INTO connector_attempts (
    connector_id, attempt_id, attempted_at, feature, outcome, events, bytes, duration_ms, detail
) VALUES (
    $1, (SELECT COALESCE(MAX(a.attempt_id), 0) + 1 FROM connector_attempts AS a WHERE a.connector_id = $1),
    $2, $3, $4, $5, $6, $7, $8
)
