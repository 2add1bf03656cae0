-- Forgets how a connector fared. Primary key.
DELETE FROM connector_health WHERE connector_id = $1
