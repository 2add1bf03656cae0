-- Blocks and stored bytes of a stream. Index: blocks_by_position for the rows, then the payload's length.
SELECT COUNT(*) AS blocks, CAST(COALESCE(SUM(LENGTH(payload)), 0) AS BIGINT) AS stored_bytes,
    CAST(COALESCE(SUM(raw_bytes), 0) AS BIGINT) AS raw_bytes,
    CAST(COALESCE(SUM(last_position - first_position + 1), 0) AS BIGINT) AS events
FROM blocks WHERE stream_id = $1
