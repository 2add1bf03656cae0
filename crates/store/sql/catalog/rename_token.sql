-- Renames a live token of an account. Primary key.
UPDATE tokens SET name = $3 WHERE token_id = $1 AND account_id = $2 AND revoked_at = 0
