-- How many ways in a person has: a password counts as one. Primary key, and index: passkeys_by_person.
SELECT (CASE WHEN p.password_hash = '' THEN 0 ELSE 1 END)
    + (SELECT COUNT(*) FROM passkeys AS k WHERE k.person_id = p.person_id) AS ways
FROM people AS p WHERE p.person_id = $1
