-- Says for as long as the session lives that a node is at work, unless somebody wants the store alone.
SELECT pg_try_advisory_lock_shared($1) AS is_granted
