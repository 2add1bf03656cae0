-- One stream by its account and feature. Index: the unique one of streams.
SELECT stream_id, next_position, last_arrival FROM streams WHERE account_id = $1 AND feature = $2
