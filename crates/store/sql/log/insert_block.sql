-- One block of consecutive events.
INSERT INTO blocks (stream_id, first_position, last_position, min_time, max_time, min_arrival, max_arrival, codec, raw_bytes, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
