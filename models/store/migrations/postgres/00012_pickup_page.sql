-- +goose Up
-- Which address of its client's page is a shipment's.
ALTER TABLE shipments ADD COLUMN page_rev integer NOT NULL DEFAULT 0;

-- Clients' pages by the SHA-256 of their token, which is kept nowhere.
CREATE TABLE pages (
    hash       text PRIMARY KEY,
    shipment   text NOT NULL REFERENCES shipments,
    rev        integer NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX pages_shipment ON pages (shipment);

-- Codes that are sealed to who asked for them, until they are read, and for a minute at most.
CREATE TABLE sealed_codes (
    id         text PRIMARY KEY,
    shipment   text NOT NULL REFERENCES shipments,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- What clients say is wrong, in their own words.
CREATE TABLE client_reports (
    id         text PRIMARY KEY,
    incident   text NOT NULL REFERENCES incidents,
    shipment   text NOT NULL REFERENCES shipments,
    problem    text NOT NULL,
    text       text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX client_reports_incident ON client_reports (incident, id);
CREATE INDEX client_reports_shipment ON client_reports (shipment);

-- +goose Down
DROP TABLE client_reports;
DROP TABLE sealed_codes;
DROP TABLE pages;
ALTER TABLE shipments DROP COLUMN page_rev;
