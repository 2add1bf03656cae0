-- Adds to what a connector did in an hour. Primary key.
INSERT INTO connector_hours (connector_id, hour, events, bytes, batches, retries, rejected, repeated, busy_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (connector_id, hour) DO UPDATE SET
    events = connector_hours.events + excluded.events, bytes = connector_hours.bytes + excluded.bytes,
    batches = connector_hours.batches + excluded.batches, retries = connector_hours.retries + excluded.retries,
    rejected = connector_hours.rejected + excluded.rejected, repeated = connector_hours.repeated + excluded.repeated,
    busy_ms = connector_hours.busy_ms + excluded.busy_ms
