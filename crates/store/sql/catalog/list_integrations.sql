-- The integrations of an account by name, without removed ones. Index: integrations_by_name.
SELECT integration_id, account_id, kind, name, state, created_at FROM integrations
WHERE account_id = $1 AND state <> 'removed' ORDER BY name
