-- Every named cursor with its stream's end. Scan.
SELECT c.name, c.stream_id, c.position, c.lease_owner, c.lease_until, c.updated_at,
    s.account_id, s.feature, s.next_position
FROM cursors AS c INNER JOIN streams AS s ON s.stream_id = c.stream_id ORDER BY c.name, s.account_id, s.feature
