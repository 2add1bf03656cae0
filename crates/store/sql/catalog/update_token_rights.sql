-- What a live token may do from now on. Primary key.
UPDATE tokens SET features = $3, expires_at = $4, networks = $5, requests_per_minute = $6
WHERE token_id = $1 AND account_id = $2 AND revoked_at = 0
