-- The connectors of an account in one direction by name, without removed ones. Index: connectors_by_name.
SELECT connector_id, account_id, direction, kind, name, state, settings, sealed_secrets, origin, revision,
    created_at, updated_at
FROM connectors WHERE account_id = $1 AND direction = $2 AND state <> 'removed' ORDER BY name
