-- Removes every passkey of a person. Index: passkeys_by_person.
DELETE FROM passkeys WHERE person_id = $1
