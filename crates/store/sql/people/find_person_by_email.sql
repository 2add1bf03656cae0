-- A person by email, in lower case. Unique index of email.
SELECT person_id, email, name, password_hash, runs_hub, created_at, signed_in_at FROM people WHERE email = $1
