-- Queues the dead letters of a connector with these numbers. Primary key.
UPDATE dead_letters SET state = 'queued'
WHERE connector_id = $1 AND dead_letter_id BETWEEN $2 AND $3 AND state = 'kept'
