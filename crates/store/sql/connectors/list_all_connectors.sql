-- The connectors of every account, without removed ones, for the workers. Scan.
SELECT connector_id, account_id, direction, kind, name, state, settings, sealed_secrets, origin, revision,
    created_at, updated_at
FROM connectors WHERE state <> 'removed' ORDER BY account_id, direction, name
