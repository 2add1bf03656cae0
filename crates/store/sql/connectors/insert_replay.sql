-- A replay that begins.
INSERT INTO replays (replay_id, connector_id, account_id, since, until, state, requested_at, done_at)
VALUES ($1, $2, $3, $4, $5, 'running', $6, 0)
