-- A person's new name. Primary key.
UPDATE people SET name = $2 WHERE person_id = $1
