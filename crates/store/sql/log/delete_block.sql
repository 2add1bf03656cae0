-- One block by the position of its last event. Index: blocks_by_position.
DELETE FROM blocks WHERE stream_id = $1 AND last_position = $2
