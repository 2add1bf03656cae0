-- A new integration; the unique index refuses a name that is in use.
INSERT INTO integrations (integration_id, account_id, kind, name, state, created_at)
VALUES ($1, $2, $3, $4, 'active', $5) ON CONFLICT DO NOTHING
