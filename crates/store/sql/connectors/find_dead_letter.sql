-- One dead letter. Primary key.
SELECT connector_id, dead_letter_id, feature, position, event_time, reason, payload, state, tries, created_at
FROM dead_letters WHERE connector_id = $1 AND dead_letter_id = $2
