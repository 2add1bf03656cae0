-- Dead letters of a connector before a number, newest first. Primary key.
SELECT connector_id, dead_letter_id, feature, position, event_time, reason, payload, state, tries, created_at
FROM dead_letters WHERE connector_id = $1 AND dead_letter_id < $2 ORDER BY dead_letter_id DESC LIMIT $3
