-- Where a source begins with a feature, nobody's. Primary key.
INSERT INTO source_cursors (connector_id, feature, cursor, last_time, events, lease_owner, lease_until, updated_at)
VALUES ($1, $2, '', 0, 0, '', 0, $3) ON CONFLICT (connector_id, feature) DO NOTHING
