-- Enables, disables or removes an integration of an account. Primary key.
UPDATE integrations SET state = $3 WHERE integration_id = $1 AND account_id = $2 AND state <> 'removed'
