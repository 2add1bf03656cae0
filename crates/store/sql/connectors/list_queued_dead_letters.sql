-- Dead letters of a connector that wait to be delivered again, oldest first. Index: dead_letters_queued.
SELECT connector_id, dead_letter_id, feature, position, event_time, reason, payload, state, tries, created_at
FROM dead_letters WHERE connector_id = $1 AND state = 'queued' ORDER BY dead_letter_id LIMIT $2
