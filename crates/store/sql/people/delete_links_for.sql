-- Ends the links with a purpose for a person (empty: for nobody in particular): a new one makes the old ones void.
DELETE FROM links WHERE purpose = $1 AND person_id = $2
