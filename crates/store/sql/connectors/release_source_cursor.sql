-- Gives the lease of a source's cursor back. Primary key.
UPDATE source_cursors SET lease_owner = '', lease_until = 0
WHERE connector_id = $1 AND feature = $2 AND lease_owner = $3
