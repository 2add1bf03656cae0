-- What the tokens of an account did since an hour. Index: tokens_by_account, then the primary key of token_hours.
SELECT h.token_id, h.hour, h.requests, h.events
FROM token_hours AS h INNER JOIN tokens AS t ON t.token_id = h.token_id
WHERE t.account_id = $1 AND h.hour >= $2 ORDER BY h.token_id, h.hour
