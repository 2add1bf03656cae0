-- One integration of an account, removed ones too. Primary key.
SELECT integration_id, account_id, kind, name, state, created_at FROM integrations
WHERE integration_id = $1 AND account_id = $2
