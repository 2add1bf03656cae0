-- A connector's secrets as another master key seals them: the same secrets, hence no new revision. Primary key.
UPDATE connectors SET sealed_secrets = $2 WHERE connector_id = $1
