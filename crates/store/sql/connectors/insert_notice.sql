-- Claims an announcement of a connector; nothing happens when it was made before. Primary key.
INSERT INTO connector_notices (connector_id, notice) VALUES ($1, $2) ON CONFLICT DO NOTHING
