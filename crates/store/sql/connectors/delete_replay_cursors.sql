-- Forgets the cursors of a connector's replays. Index: replays_by_connector, then the primary key of cursors.
DELETE FROM cursors WHERE name IN (SELECT 'replay:' || r.replay_id FROM replays AS r WHERE r.connector_id = $1)
