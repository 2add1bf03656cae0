-- Whose administration token has this digest. Primary key.
SELECT name FROM administration_tokens WHERE token_digest = $1
