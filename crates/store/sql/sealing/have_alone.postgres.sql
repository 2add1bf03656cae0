-- Has the store alone until the transaction ends, unless a node is at work.
SELECT pg_try_advisory_xact_lock($1) AS is_granted
