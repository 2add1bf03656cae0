-- Withdraws an administration token. Primary key.
DELETE FROM administration_tokens WHERE token_digest = $1
