-- The first block that holds an event at or after a time. Index only: blocks_by_position.
SELECT first_position FROM blocks WHERE stream_id = $1 AND max_time >= $2 ORDER BY last_position LIMIT 1
