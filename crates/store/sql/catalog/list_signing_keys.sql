-- Every signing key, newest first. Scan.
SELECT key_id, status, sealed_private_key, public_key, created_at FROM signing_keys ORDER BY created_at DESC, key_id
