-- Live tokens of active integrations that end between two times, on every account. A scan of tokens.
SELECT t.token_id, t.integration_id, t.account_id, t.name, t.expires_at, i.name AS integration_name
FROM tokens AS t INNER JOIN integrations AS i ON i.integration_id = t.integration_id
WHERE t.revoked_at = 0 AND t.expires_at > $1 AND t.expires_at <= $2 AND i.state = 'active' ORDER BY t.expires_at LIMIT 1000
