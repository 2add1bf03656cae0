-- The newest blocks with events that arrived at or after a time. Index only: blocks_by_position.
SELECT first_position, last_position, min_arrival, max_arrival FROM blocks
WHERE stream_id = $1 AND max_arrival >= $2 ORDER BY last_position DESC LIMIT $3
