-- Every account by name. Scan.
SELECT account_id, name, retention_days, created_at FROM accounts ORDER BY name
