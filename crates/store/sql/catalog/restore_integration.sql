-- Brings a removed integration back, disabled; the unique index refuses it if its name is taken by now. Primary key.
UPDATE integrations SET state = 'disabled' WHERE integration_id = $1 AND account_id = $2 AND state = 'removed'
