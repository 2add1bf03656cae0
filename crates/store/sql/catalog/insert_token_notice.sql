-- An announcement of a token's end is made; the primary key refuses a second one.
INSERT INTO token_notices (token_id, expires_at, days) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
