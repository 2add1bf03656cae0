-- Descriptions of the blocks that hold events after position $2, of which some may have happened at or after time $3
-- (up to position $5; behind it the start does not matter) and before $4, and may be newer than the retention's $6.
-- Index only: blocks_by_position.
SELECT first_position, last_position, min_time, max_time, min_arrival, max_arrival, raw_bytes FROM blocks
WHERE stream_id = $1 AND last_position > $2 AND (max_time >= $3 OR last_position > $5) AND min_time < $4
    AND max_time >= $6 AND max_arrival >= $6
ORDER BY last_position LIMIT $7
