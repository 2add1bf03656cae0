-- Forgets links that ended long ago. A scan of a small table.
DELETE FROM links WHERE expires_at < $1
