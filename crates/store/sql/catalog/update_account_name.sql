-- An account's new name; the unique index refuses one that is taken. Primary key.
UPDATE accounts SET name = $2 WHERE account_id = $1
