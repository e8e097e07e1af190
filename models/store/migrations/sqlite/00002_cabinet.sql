-- +goose Up
-- One open claim a locker: a new one takes the old one's place.
CREATE TABLE claims (
    locker     text PRIMARY KEY REFERENCES lockers,
    hash       text NOT NULL,
    created_at datetime NOT NULL,
    expires_at datetime NOT NULL,
    used_at    datetime,
    used_by    text NOT NULL
);
CREATE UNIQUE INDEX claims_hash ON claims (hash);

-- A key gets one certificate, ever.
CREATE TABLE certificates (
    serial          text PRIMARY KEY,
    locker          text NOT NULL REFERENCES lockers,
    public_key_hash text NOT NULL,
    not_after       datetime NOT NULL,
    der             blob NOT NULL,
    created_at      datetime NOT NULL,
    revoked_at      datetime,
    reason          text NOT NULL
);
CREATE UNIQUE INDEX certificates_key ON certificates (public_key_hash);
CREATE INDEX certificates_locker ON certificates (locker);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificates_not_after ON certificates (not_after);

-- A run is one start of an instance; expires_ms is by the database's own clock.
CREATE TABLE gateway_instances (
    instance   text PRIMARY KEY,
    run        text NOT NULL,
    expires_ms integer NOT NULL
);

ALTER TABLE locker_connections ADD COLUMN run text NOT NULL DEFAULT '';
ALTER TABLE locker_connections ADD COLUMN seen_at datetime;
ALTER TABLE locker_connections ADD COLUMN ended_at datetime;
UPDATE locker_connections SET seen_at = at, ended_at = at;
ALTER TABLE couriers ADD COLUMN unannounced boolean NOT NULL DEFAULT false;
ALTER TABLE couriers ADD COLUMN rev integer NOT NULL DEFAULT 1;

-- An entry that grants is signed: see models.Grant.
ALTER TABLE directory ADD COLUMN rev integer NOT NULL DEFAULT 0;
ALTER TABLE directory ADD COLUMN signer text NOT NULL DEFAULT '';
ALTER TABLE directory ADD COLUMN signature blob;
CREATE INDEX locker_connections_open ON locker_connections (instance, run) WHERE ended_at IS NULL;
