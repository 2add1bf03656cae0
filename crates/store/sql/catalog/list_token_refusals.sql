-- The refusals of an account's tokens since a time, newest first; an empty account: of tokens that nobody knows. Primary key.
SELECT token_id, reason, feature, refused_at, address, user_agent, requests FROM token_refusals
WHERE account_id = $1 AND refused_at >= $2 ORDER BY refused_at DESC LIMIT 200
