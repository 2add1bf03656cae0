-- The passkeys of a person, oldest first. Index: passkeys_by_person.
SELECT credential_id, person_id, name, credential, created_at, used_at FROM passkeys
WHERE person_id = $1 ORDER BY created_at, credential_id LIMIT 100
