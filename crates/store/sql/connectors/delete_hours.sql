-- Forgets what a connector did. Primary key.
DELETE FROM connector_hours WHERE connector_id = $1
