-- The payload of one block. Index: blocks_by_position.
SELECT codec, payload FROM blocks WHERE stream_id = $1 AND last_position = $2 AND first_position = $3
