-- The replays of every account that are running, oldest first. Index: replays_running.
SELECT replay_id, connector_id, account_id, since, until, state, requested_at, done_at FROM replays
WHERE state = 'running' ORDER BY requested_at, replay_id
