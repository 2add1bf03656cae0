-- A connector that was not removed. SQLite has one writer, so reading is locking. Primary key.
SELECT connector_id, account_id, direction, kind, name, state, settings, sealed_secrets, origin, revision,
    created_at, updated_at
FROM connectors WHERE connector_id = $1 AND state <> 'removed'
