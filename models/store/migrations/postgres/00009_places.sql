-- +goose Up
-- What the operator wants of a cell; the cabinet owns the cell itself.
CREATE TABLE cell_orders (
    locker         text NOT NULL REFERENCES lockers,
    number         bigint NOT NULL,
    out_of_service boolean NOT NULL,
    reason         text NOT NULL,
    looked         text NOT NULL,
    rev            bigint NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (locker, number)
);

-- Since when a cell is as it is; NULL: since before this was kept.
ALTER TABLE cells ADD COLUMN since timestamptz;

-- What people are told of a place; how to find it by language.
ALTER TABLE locations ADD COLUMN kind text NOT NULL DEFAULT '';
ALTER TABLE locations ADD COLUMN indoor boolean NOT NULL DEFAULT false;
ALTER TABLE locations ADD COLUMN step_free boolean NOT NULL DEFAULT false;
ALTER TABLE locations ADD COLUMN how_to_find text NOT NULL DEFAULT '{}';
ALTER TABLE locations ADD COLUMN photo text NOT NULL DEFAULT '';
ALTER TABLE locations ADD COLUMN updated_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00:00';
UPDATE locations SET updated_at = created_at;
-- The site that the place belongs to; empty: none that has a key.
ALTER TABLE locations ADD COLUMN host text NOT NULL DEFAULT '';
CREATE INDEX locations_latitude ON locations (latitude);

ALTER TABLE lockers ADD COLUMN functions text;
ALTER TABLE lockers ADD COLUMN easy_reach text;
ALTER TABLE lockers ADD COLUMN updated_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00:00';
UPDATE lockers SET updated_at = created_at;
CREATE INDEX lockers_location ON lockers (location);

-- What a carrier calls a locker.
CREATE TABLE locker_aliases (
    locker  text NOT NULL REFERENCES lockers,
    carrier text NOT NULL REFERENCES organizations,
    alias   text NOT NULL,
    PRIMARY KEY (locker, carrier)
);
CREATE UNIQUE INDEX locker_aliases_carrier_alias ON locker_aliases (carrier, alias);

-- How couriers get to a place: encrypted, with a key that the database does not have.
CREATE TABLE location_access (
    location    text PRIMARY KEY REFERENCES locations,
    sealed      bytea NOT NULL,
    valid_from  timestamptz,
    valid_until timestamptz,
    updated_at  timestamptz NOT NULL
);

-- What a courier is to do on a day. What came of it is in the events.
CREATE TABLE routes (
    id         text PRIMARY KEY,
    carrier    text NOT NULL REFERENCES organizations,
    courier    text NOT NULL REFERENCES couriers,
    date       text NOT NULL,
    stops      text,
    created_at timestamptz NOT NULL
);
CREATE INDEX routes_carrier ON routes (carrier, id);
CREATE INDEX routes_created ON routes (created_at);

-- +goose Down
DROP TABLE routes;
DROP TABLE location_access;
DROP TABLE locker_aliases;
DROP INDEX lockers_location;
ALTER TABLE lockers DROP COLUMN updated_at;
ALTER TABLE lockers DROP COLUMN easy_reach;
ALTER TABLE lockers DROP COLUMN functions;
DROP INDEX locations_latitude;
ALTER TABLE locations DROP COLUMN host;
ALTER TABLE locations DROP COLUMN updated_at;
ALTER TABLE locations DROP COLUMN photo;
ALTER TABLE locations DROP COLUMN how_to_find;
ALTER TABLE locations DROP COLUMN step_free;
ALTER TABLE locations DROP COLUMN indoor;
ALTER TABLE locations DROP COLUMN kind;
ALTER TABLE cells DROP COLUMN since;
DROP TABLE cell_orders;
