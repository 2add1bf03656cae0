-- Everything that is sealed under the master key. Whole tables, which are small.
SELECT 'hub secret' AS kind, name, sealed FROM hub_secrets
UNION ALL
SELECT 'signing key' AS kind, key_id AS name, sealed_private_key AS sealed FROM signing_keys
UNION ALL
SELECT 'connector' AS kind, connector_id AS name, sealed_secrets AS sealed FROM connectors
WHERE length(sealed_secrets) > 0
ORDER BY kind, name
