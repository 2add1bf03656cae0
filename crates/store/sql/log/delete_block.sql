-- One block, by the positions of its first and last event: another block may end at the same event since it was listed.
-- Index: blocks_by_position.
DELETE FROM blocks WHERE stream_id = $1 AND last_position = $2 AND first_position = $3
