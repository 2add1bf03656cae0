-- An integration's new name; the unique index refuses one that is taken. Primary key.
UPDATE integrations SET name = $3 WHERE integration_id = $1 AND account_id = $2 AND state <> 'removed'
