-- Whether anybody can sign in to this hub at all. Primary key, one row.
SELECT person_id FROM people LIMIT 1
