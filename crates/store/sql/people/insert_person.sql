-- A new person; the unique index of email refuses a second one.
INSERT INTO people (person_id, email, name, password_hash, runs_hub, created_at, signed_in_at)
VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT DO NOTHING
