-- A dead letter that was refused once more. Primary key.
UPDATE dead_letters SET state = 'kept', tries = tries + 1, reason = $3 WHERE connector_id = $1 AND dead_letter_id = $2
