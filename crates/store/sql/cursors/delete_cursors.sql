-- Forgets the cursors of one reader in every stream. Primary key.
DELETE FROM cursors WHERE name = $1
