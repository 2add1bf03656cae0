-- Lets changes of an account's people happen one after the other: takes the lock of the account's row. Primary key.
UPDATE accounts SET name = name WHERE account_id = $1
