-- When a person last signed in. Primary key.
UPDATE people SET signed_in_at = $2 WHERE person_id = $1
