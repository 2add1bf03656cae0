-- Blocks in which every event happened or arrived before a time, oldest first. Index only: blocks_by_position.
SELECT first_position, last_position FROM blocks
WHERE stream_id = $1 AND (max_time < $2 OR max_arrival < $2) ORDER BY last_position LIMIT $3
