-- Before a rotation: every active key verifies on, and signs no more. Scan.
UPDATE signing_keys SET status = 'retained' WHERE status = 'active'
