-- What a person may do in an account. Primary key.
UPDATE memberships SET role = $3, state = $4 WHERE account_id = $1 AND person_id = $2
