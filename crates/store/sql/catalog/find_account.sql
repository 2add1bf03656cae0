-- One account by id. Primary key.
SELECT account_id, name, retention_days, created_at FROM accounts WHERE account_id = $1
