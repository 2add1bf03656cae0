-- A secret of the hub as another master key seals it. Primary key.
UPDATE hub_secrets SET sealed = $2 WHERE name = $1
