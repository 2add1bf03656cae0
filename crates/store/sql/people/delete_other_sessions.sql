-- Ends every session of a person but one (an empty id: every one). Index: sessions_by_person.
DELETE FROM sessions WHERE person_id = $1 AND session_id <> $2
