-- A person joins an account. Primary key; a suspended or removed membership is not renewed by it.
INSERT INTO memberships (account_id, person_id, role, state, created_at) VALUES ($1, $2, $3, 'active', $4)
ON CONFLICT DO NOTHING
