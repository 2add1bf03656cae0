-- Forgets where a source was. Primary key.
DELETE FROM source_cursors WHERE connector_id = $1
