-- A sealed secret of the hub. Primary key.
SELECT sealed FROM hub_secrets WHERE name = $1
