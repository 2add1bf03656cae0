-- A password's hash anew, if it is still the same password. Primary key.
UPDATE people SET password_hash = $2 WHERE person_id = $1 AND password_hash = $3
