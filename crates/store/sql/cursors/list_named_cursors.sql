-- The cursors of one reader in the streams of one account, with the streams' ends. Primary keys.
SELECT c.name, c.stream_id, c.position, c.lease_owner, c.lease_until, c.updated_at,
    s.account_id, s.feature, s.next_position
FROM cursors AS c INNER JOIN streams AS s ON s.stream_id = c.stream_id
WHERE c.name = $1 AND s.account_id = $2 ORDER BY s.feature
