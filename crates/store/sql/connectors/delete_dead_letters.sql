-- Forgets the dead letters of a connector with these numbers. Primary key.
DELETE FROM dead_letters WHERE connector_id = $1 AND dead_letter_id BETWEEN $2 AND $3
