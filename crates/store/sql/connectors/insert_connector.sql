-- A new connector; the unique index refuses a name that is in use.
INSERT INTO connectors (
    connector_id, account_id, direction, kind, name, state, settings, sealed_secrets, origin, revision,
    dead_letters_numbered, created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 0, $10, $10) ON CONFLICT DO NOTHING
