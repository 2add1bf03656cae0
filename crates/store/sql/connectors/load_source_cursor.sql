-- Where a source is with a feature. Primary key.
SELECT cursor, last_time FROM source_cursors WHERE connector_id = $1 AND feature = $2
