-- A link that is good once.
INSERT INTO links (code_digest, link_id, purpose, account_id, person_id, email, role, created_by, created_by_id, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
