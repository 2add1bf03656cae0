-- Forgets what was announced of a connector. Primary key.
DELETE FROM connector_notices WHERE connector_id = $1
