-- Makes a lease last longer, if it is still the owner's. Primary key.
UPDATE cursors SET lease_until = $4 WHERE name = $1 AND stream_id = $2 AND lease_owner = $3
