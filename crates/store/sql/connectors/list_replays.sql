-- The replays of a connector, newest first. Index: replays_by_connector.
SELECT replay_id, connector_id, account_id, since, until, state, requested_at, done_at FROM replays
WHERE connector_id = $1 ORDER BY requested_at DESC, replay_id
