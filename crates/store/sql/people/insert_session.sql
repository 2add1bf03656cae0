-- A person has signed in.
INSERT INTO sessions (secret_digest, session_id, person_id, method, created_at, seen_at, expires_at, address, user_agent)
VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)
