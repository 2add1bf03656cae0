-- One administrative action, beside its event in the log.
INSERT INTO actions (
    event_id, account_id, done_at, actor_id, actor_name, actor_email, address, action, object_type, object_id, object_name,
    value_before, value_after
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
