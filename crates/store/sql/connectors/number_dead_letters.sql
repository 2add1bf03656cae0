-- Gives out the next $2 numbers of a connector's dead letters. Primary key.
UPDATE connectors SET dead_letters_numbered = dead_letters_numbered + $2 WHERE connector_id = $1
