-- A person by id. Primary key.
SELECT person_id, email, name, password_hash, runs_hub, created_at, signed_in_at FROM people WHERE person_id = $1
