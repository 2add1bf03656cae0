-- Ends one session of a person. Unique index of session_id.
DELETE FROM sessions WHERE session_id = $1 AND person_id = $2
