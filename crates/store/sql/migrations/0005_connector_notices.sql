-- What was announced of connectors, once each: data that an upstream is about to drop, credentials that are about to end.
CREATE TABLE connector_notices (
    connector_id TEXT NOT NULL,
    notice TEXT NOT NULL,
    PRIMARY KEY (connector_id, notice)
);
