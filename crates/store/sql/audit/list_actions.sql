-- Administrative actions of an account between two times, newest first; an empty filter takes everything, and paging goes
-- on before ($4, $5). Index: actions_by_time.
SELECT event_id, done_at, actor_id, actor_name, actor_email, address, action, object_type, object_id, object_name,
    value_before, value_after
FROM actions
WHERE account_id = $1 AND done_at >= $2 AND done_at < $3 AND (done_at < $4 OR (done_at = $4 AND event_id < $5))
    AND ($6 = '' OR actor_id = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR object_type = $8)
    AND ($9 = '' OR object_id = $9)
ORDER BY done_at DESC, event_id DESC LIMIT $10
