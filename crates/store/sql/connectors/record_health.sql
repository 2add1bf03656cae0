-- How a connector fares with a feature now; times of what happened are kept until it happens again. Primary key.
INSERT INTO connector_health (
    connector_id, feature, status, last_acknowledged_at, last_event_time, last_attempt_at, next_attempt_at, failures,
    reason, fix, started_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (connector_id, feature) DO UPDATE SET
    status = excluded.status,
    last_acknowledged_at = CASE excluded.last_acknowledged_at
        WHEN 0 THEN connector_health.last_acknowledged_at ELSE excluded.last_acknowledged_at END,
    last_event_time = CASE excluded.last_event_time
        WHEN 0 THEN connector_health.last_event_time ELSE excluded.last_event_time END,
    last_attempt_at = CASE excluded.last_attempt_at
        WHEN 0 THEN connector_health.last_attempt_at ELSE excluded.last_attempt_at END,
    next_attempt_at = excluded.next_attempt_at, failures = excluded.failures, reason = excluded.reason,
    fix = excluded.fix, started_at = excluded.started_at
