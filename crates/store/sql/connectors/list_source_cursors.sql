-- Where a source is, by feature. Primary key.
SELECT feature, cursor, last_time, events, lease_owner, lease_until, updated_at
FROM source_cursors WHERE connector_id = $1 ORDER BY feature
