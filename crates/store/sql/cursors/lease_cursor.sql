-- Takes or renews a lease, if it is free, expired or the owner's own. Primary key.
UPDATE cursors SET lease_owner = $3, lease_until = $4, updated_at = $5
WHERE name = $1 AND stream_id = $2 AND (lease_owner = $3 OR lease_until <= $5)
