-- Everybody on the hub, by email. For the hub's own administration. Unique index of email.
SELECT person_id, email, name, password_hash, runs_hub, created_at, signed_in_at FROM people ORDER BY email LIMIT 10000
