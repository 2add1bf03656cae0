-- Moves a source's cursor, only by the holder of a live lease and from where that found it. Primary key.
UPDATE source_cursors SET cursor = $5, last_time = $6, events = events + $7, updated_at = $8
WHERE connector_id = $1 AND feature = $2 AND lease_owner = $3 AND cursor = $4 AND lease_until > $8
