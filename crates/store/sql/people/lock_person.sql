-- Lets changes of how a person signs in happen one after the other: takes the lock of the person's row. Primary key.
UPDATE people SET name = name WHERE person_id = $1
