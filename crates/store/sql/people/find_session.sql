-- The session of a cookie, and whose it is, if it has neither ended nor been idle for too long. Primary key.
SELECT s.session_id, s.method, s.created_at AS began_at, s.seen_at, s.expires_at, s.address, s.user_agent,
    p.person_id, p.email, p.name, p.password_hash, p.runs_hub, p.created_at, p.signed_in_at
FROM sessions AS s INNER JOIN people AS p ON p.person_id = s.person_id
WHERE s.secret_digest = $1 AND s.expires_at > $2 AND s.seen_at > $3
