-- The last block that arrived wholly at or before a time; arrival grows with the position. Index only: blocks_by_position.
SELECT last_position FROM blocks WHERE stream_id = $1 AND max_arrival <= $2 ORDER BY last_position DESC LIMIT 1
