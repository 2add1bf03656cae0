-- How long an account's events are kept, in days; 0 for ever. Primary key.
UPDATE accounts SET retention_days = $2 WHERE account_id = $1
