-- Forgets sessions that have ended. A scan of a small table.
DELETE FROM sessions WHERE expires_at < $1
