-- Forgets the attempts of a connector. Primary key.
DELETE FROM connector_attempts WHERE connector_id = $1
