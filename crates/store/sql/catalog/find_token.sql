-- A token by the digest of its signature, with what decides over it. Unique index of signature_digest.
SELECT t.token_id, t.integration_id, t.account_id, t.features, t.key_id, t.issued_at, t.expires_at, t.revoked_at,
    t.networks, t.requests_per_minute, i.state, i.kind, k.status, a.retention_days
FROM tokens AS t
INNER JOIN integrations AS i ON i.integration_id = t.integration_id
INNER JOIN signing_keys AS k ON k.key_id = t.key_id
INNER JOIN accounts AS a ON a.account_id = t.account_id
WHERE t.signature_digest = $1
