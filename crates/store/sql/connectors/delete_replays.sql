-- Forgets the replays of a connector. Index: replays_by_connector.
DELETE FROM replays WHERE connector_id = $1
