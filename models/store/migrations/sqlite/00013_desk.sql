-- +goose Up
-- People who work at the desk.
CREATE TABLE staff (
    id           text PRIMARY KEY,
    organization text NOT NULL REFERENCES organizations,
    login        text NOT NULL,
    name         text NOT NULL,
    password     text NOT NULL,
    language     text NOT NULL,
    created_at   datetime NOT NULL,
    disabled_at  datetime
);
CREATE UNIQUE INDEX staff_login ON staff (login);

CREATE TABLE staff_sessions (
    hash       text PRIMARY KEY,
    staff      text NOT NULL REFERENCES staff,
    created_at datetime NOT NULL,
    seen_at    datetime NOT NULL
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff);
CREATE INDEX staff_sessions_created ON staff_sessions (created_at);

-- Sign-ins that failed in a row, for a login or an address.
CREATE TABLE sign_in_tries (
    key     text PRIMARY KEY,
    failed  integer NOT NULL,
    last_at datetime NOT NULL
);
CREATE INDEX sign_in_tries_last ON sign_in_tries (last_at);

-- A shipment's timeline has the facts about it.
CREATE INDEX facts_shipment ON facts (shipment, received_at) WHERE shipment <> '';
-- A shipment's page lists its incidents.
CREATE INDEX incidents_shipment ON incidents (shipment) WHERE shipment <> '';
-- What was asked for about an object.
CREATE INDEX audit_object ON audit (object);

-- +goose Down
DROP INDEX audit_object;
DROP INDEX incidents_shipment;
DROP INDEX facts_shipment;
DROP TABLE sign_in_tries;
DROP TABLE staff_sessions;
DROP TABLE staff;
