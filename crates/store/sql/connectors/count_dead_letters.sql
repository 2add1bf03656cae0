-- How many dead letters a connector has. Primary key.
SELECT COUNT(*) AS dead_letters FROM dead_letters WHERE connector_id = $1
