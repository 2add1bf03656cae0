-- The sessions of a person that can still be used, newest first. Index: sessions_by_person.
SELECT session_id, method, created_at AS began_at, seen_at, expires_at, address, user_agent FROM sessions
WHERE person_id = $1 AND expires_at > $2 AND seen_at > $3 ORDER BY created_at DESC LIMIT 100
