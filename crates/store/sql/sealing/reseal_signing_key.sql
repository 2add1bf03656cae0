-- A private key as another master key seals it. Primary key.
UPDATE signing_keys SET sealed_private_key = $2 WHERE key_id = $1
