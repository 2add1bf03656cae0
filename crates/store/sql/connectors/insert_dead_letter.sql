-- What a destination refused, under the number $3 before the last one given out; what was kept of the same event already
-- gets the newer reason. Only of a stream of the connector's own account. Primary keys, then the unique key.
INSERT INTO dead_letters (
    connector_id, dead_letter_id, feature, position, event_time, reason, payload, state, tries, created_at
)
SELECT c.connector_id, c.dead_letters_numbered - $3, s.feature, $4, $5, $6, $7, 'kept', 1, $8
FROM connectors AS c INNER JOIN streams AS s ON s.account_id = c.account_id
WHERE c.connector_id = $1 AND s.stream_id = $2
ON CONFLICT (connector_id, feature, position) DO UPDATE SET reason = excluded.reason
