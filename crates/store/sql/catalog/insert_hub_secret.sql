-- A sealed secret of the hub; the first one written stays. Primary key.
INSERT INTO hub_secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
