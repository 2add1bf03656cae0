-- Uses a link up, if it is still good. Primary key.
DELETE FROM links WHERE code_digest = $1 AND expires_at > $2
