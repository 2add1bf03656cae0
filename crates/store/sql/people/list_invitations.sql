-- The invitations to an account that nobody has followed yet, newest first. Index: links_by_account.
SELECT l.link_id, l.purpose, l.account_id, l.person_id, l.email, l.role, l.created_by, l.created_at, l.expires_at,
    a.name AS account_name
FROM links AS l INNER JOIN accounts AS a ON a.account_id = l.account_id
WHERE l.account_id = $1 AND l.purpose = 'invitation' ORDER BY l.created_at DESC, l.link_id LIMIT 1000
