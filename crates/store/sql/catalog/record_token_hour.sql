-- Adds to what a token did in an hour. Primary key.
INSERT INTO token_hours (token_id, hour, requests, events) VALUES ($1, $2, $3, $4)
ON CONFLICT (token_id, hour) DO UPDATE SET
    requests = token_hours.requests + excluded.requests, events = token_hours.events + excluded.events
