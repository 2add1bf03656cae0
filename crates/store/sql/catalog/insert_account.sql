-- A new account; no row is changed if the name is taken. Unique index of name.
INSERT INTO accounts (account_id, name, retention_days, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING
