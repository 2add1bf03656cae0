-- The stream of an append. SQLite has one writer, so reading is locking. Index: the unique one of streams.
SELECT stream_id, next_position, last_arrival FROM streams WHERE account_id = $1 AND feature = $2
