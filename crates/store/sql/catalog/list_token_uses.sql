-- How the tokens of an account were used. Index: tokens_by_account, then the primary key of token_uses.
SELECT u.token_id, u.feature, u.last_used_at, u.address, u.user_agent, u.requests, u.events, u.position
FROM token_uses AS u INNER JOIN tokens AS t ON t.token_id = u.token_id
WHERE t.account_id = $1 ORDER BY u.token_id, u.feature
