-- A newly issued token; the unique index refuses a name that a live token of the integration has.
INSERT INTO tokens (
    token_id, integration_id, account_id, name, features, signature_digest, key_id, issued_at, expires_at, revoked_at,
    claimed_features, claimed_expires_at, networks, requests_per_minute, issued_by, replaces
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $5, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING
