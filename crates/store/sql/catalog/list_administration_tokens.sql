-- Every administration token by name, without the token. Primary key.
SELECT token_digest, name, created_at FROM administration_tokens ORDER BY name, token_digest LIMIT 1000
