-- A person leaves an account. Primary key.
DELETE FROM memberships WHERE account_id = $1 AND person_id = $2
