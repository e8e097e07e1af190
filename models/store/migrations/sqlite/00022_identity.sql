-- +goose Up
-- Which boots of its computer a cabinet's streams came from, and since when it is held because two
-- computers speak for it.
ALTER TABLE locker_connections ADD COLUMN boot text NOT NULL DEFAULT '';
ALTER TABLE locker_connections ADD COLUMN earlier_boots text NOT NULL DEFAULT '[]';
ALTER TABLE locker_connections ADD COLUMN held_at datetime;
-- Gateways look for cabinets that went to another one.
CREATE INDEX locker_connections_at ON locker_connections (at);

-- Who accepts a computer of the cabinet: nobody, for the claim is enough, or a person.
ALTER TABLE lockers ADD COLUMN acceptance text NOT NULL DEFAULT 'automatic';

-- Computers that ask to be a cabinet's and that a person has to accept.
CREATE TABLE enrolments (
    id              text PRIMARY KEY,
    locker          text NOT NULL REFERENCES lockers,
    public_key_hash text NOT NULL,
    serial          text NOT NULL,
    address         text NOT NULL,
    state           text NOT NULL,
    created_at      datetime NOT NULL,
    asked_at        datetime NOT NULL,
    decided_at      datetime,
    decided_by      text NOT NULL,
    reason          text NOT NULL
);
CREATE UNIQUE INDEX enrolments_key ON enrolments (locker, public_key_hash);
CREATE INDEX enrolments_state ON enrolments (state, id);
CREATE INDEX enrolments_asked ON enrolments (asked_at);

-- +goose Down
DROP TABLE enrolments;
ALTER TABLE lockers DROP COLUMN acceptance;
DROP INDEX locker_connections_at;
ALTER TABLE locker_connections DROP COLUMN held_at;
ALTER TABLE locker_connections DROP COLUMN earlier_boots;
ALTER TABLE locker_connections DROP COLUMN boot;
