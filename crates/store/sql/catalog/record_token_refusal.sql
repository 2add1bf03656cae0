-- The last refusal of a kind. Primary key.
INSERT INTO token_refusals (account_id, token_id, reason, feature, refused_at, address, user_agent, requests)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (account_id, token_id, reason) DO UPDATE SET
    feature = excluded.feature, refused_at = excluded.refused_at, address = excluded.address,
    user_agent = excluded.user_agent, requests = token_refusals.requests + excluded.requests
