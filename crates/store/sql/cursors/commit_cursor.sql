-- Moves a cursor, only by the holder of a live lease. Primary key.
UPDATE cursors SET position = $4, updated_at = $5
WHERE name = $1 AND stream_id = $2 AND lease_owner = $3 AND lease_until > $5
