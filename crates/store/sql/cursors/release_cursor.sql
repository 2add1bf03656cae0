-- Gives a lease back. Primary key.
UPDATE cursors SET lease_owner = '', lease_until = 0 WHERE name = $1 AND stream_id = $2 AND lease_owner = $3
