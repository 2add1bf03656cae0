-- How a connector fares, by feature. Primary key.
SELECT connector_id, feature, status, last_acknowledged_at, last_event_time, last_attempt_at, next_attempt_at, failures,
    reason, fix, started_at
FROM connector_health WHERE connector_id = $1 ORDER BY feature
