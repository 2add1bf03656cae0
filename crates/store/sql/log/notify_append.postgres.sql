-- Tells the other nodes, at commit, that a stream has new events.
SELECT pg_notify('daybook_append', $1)
