-- A stream before its first append; nothing if another append made it. Index: the unique one of streams.
INSERT INTO streams (stream_id, account_id, feature, next_position, last_arrival)
VALUES ($1, $2, $3, 1, 0) ON CONFLICT (account_id, feature) DO NOTHING
