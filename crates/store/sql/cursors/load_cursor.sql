-- One named cursor. Primary key.
SELECT position, lease_owner, lease_until FROM cursors WHERE name = $1 AND stream_id = $2
