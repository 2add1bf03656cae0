-- A person's new password, or none. Primary key.
UPDATE people SET password_hash = $2 WHERE person_id = $1
