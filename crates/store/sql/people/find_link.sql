-- A link by the digest of its code, if it is still good. Primary key.
SELECT l.link_id, l.purpose, l.account_id, l.person_id, l.email, l.role, l.created_by, l.created_at, l.expires_at,
    COALESCE(a.name, '') AS account_name
FROM links AS l LEFT JOIN accounts AS a ON a.account_id = l.account_id
WHERE l.code_digest = $1 AND l.expires_at > $2
