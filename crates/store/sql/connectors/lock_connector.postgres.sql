-- A connector that was not removed, and is not while this transaction lasts. Primary key.
SELECT connector_id, account_id, direction, kind, name, state, settings, sealed_secrets, origin, revision,
    created_at, updated_at
FROM connectors WHERE connector_id = $1 AND state <> 'removed' FOR NO KEY UPDATE
