-- Forgets all but the newest $2 attempts of a connector. Primary key.
DELETE FROM connector_attempts WHERE connector_id = $1 AND attempt_id <= (
    SELECT MAX(a.attempt_id) FROM connector_attempts AS a WHERE a.connector_id = $1
) - $2
