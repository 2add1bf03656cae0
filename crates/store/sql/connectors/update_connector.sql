-- What a connector is now; the unique index refuses a name that is taken. Primary key.
UPDATE connectors SET name = $2, state = $3, settings = $4, sealed_secrets = $5, revision = $6, updated_at = $7
WHERE connector_id = $1
