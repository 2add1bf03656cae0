-- One replay of an account. Primary key.
SELECT replay_id, connector_id, account_id, since, until, state, requested_at, done_at FROM replays
WHERE replay_id = $1 AND account_id = $2
