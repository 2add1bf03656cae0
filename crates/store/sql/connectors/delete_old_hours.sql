-- Forgets what connectors did long ago. Index: connector_hours_by_age.
DELETE FROM connector_hours WHERE hour < $1
