-- The tokens of an account's integrations, newest first. Index: tokens_by_account.
SELECT t.token_id, t.integration_id, t.account_id, t.name, t.features, t.key_id, t.issued_at, t.expires_at, t.revoked_at,
    t.claimed_features, t.claimed_expires_at, t.networks, t.requests_per_minute, t.issued_by, t.replaces,
    i.name AS integration_name, i.kind
FROM tokens AS t INNER JOIN integrations AS i ON i.integration_id = t.integration_id
WHERE t.account_id = $1 AND i.state <> 'removed' ORDER BY t.issued_at DESC, t.token_id
