-- Takes or renews the lease of a source's cursor, if it is free, expired or the owner's own. Primary key.
UPDATE source_cursors SET lease_owner = $3, lease_until = $4
WHERE connector_id = $1 AND feature = $2 AND (lease_owner = $3 OR lease_until <= $5)
