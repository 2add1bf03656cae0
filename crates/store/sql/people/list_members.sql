-- The people of an account, by name. Primary key of memberships.
SELECT p.person_id, p.email, p.name, p.signed_in_at, m.role, m.state, m.created_at,
    CASE WHEN p.password_hash = '' THEN 0 ELSE 1 END AS has_password,
    (SELECT COUNT(*) FROM passkeys AS k WHERE k.person_id = p.person_id) AS passkeys
FROM memberships AS m INNER JOIN people AS p ON p.person_id = m.person_id
WHERE m.account_id = $1 ORDER BY p.name, p.email LIMIT 10000
