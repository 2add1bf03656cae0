-- After an append: the next free position and the last arrival time. Index: primary key.
UPDATE streams SET next_position = $2, last_arrival = $3 WHERE stream_id = $1
