-- Adds to how a token was used for a feature. Primary key.
INSERT INTO token_uses (token_id, feature, last_used_at, address, user_agent, requests, events, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (token_id, feature) DO UPDATE SET
    last_used_at = excluded.last_used_at, address = excluded.address, user_agent = excluded.user_agent,
    requests = token_uses.requests + excluded.requests, events = token_uses.events + excluded.events,
    position = excluded.position
