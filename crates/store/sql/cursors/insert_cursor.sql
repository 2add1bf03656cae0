-- A named cursor at its start, nobody's. Primary key.
INSERT INTO cursors (name, stream_id, position, lease_owner, lease_until, updated_at)
VALUES ($1, $2, 0, '', 0, $3) ON CONFLICT (name, stream_id) DO NOTHING
