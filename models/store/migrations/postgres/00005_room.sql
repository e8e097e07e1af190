-- +goose Up
-- What a carrier may count on at a locker, in cells of a regime and size.
CREATE TABLE carrier_limits (
    locker  text NOT NULL REFERENCES lockers,
    carrier text NOT NULL REFERENCES organizations,
    regime  text NOT NULL,
    size    text NOT NULL,
    minimum bigint NOT NULL,
    maximum bigint,
    PRIMARY KEY (locker, carrier, regime, size)
);

-- Since when no usable cell is left for what was promised.
ALTER TABLE promises ADD COLUMN broken_at timestamptz;
CREATE INDEX promises_broken ON promises (locker) WHERE broken_at IS NOT NULL;

-- How long, in seconds, a cell may be needed from when it is promised; promises of before are
-- taken to compete with all others.
ALTER TABLE promises ADD COLUMN horizon bigint NOT NULL DEFAULT 31622400;
ALTER TABLE shipments ADD COLUMN guaranteed boolean NOT NULL DEFAULT true;

-- A closed locker whose parcels are to be taken out.
ALTER TABLE lockers ADD COLUMN emptying boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE lockers DROP COLUMN emptying;
ALTER TABLE shipments DROP COLUMN guaranteed;
ALTER TABLE promises DROP COLUMN horizon;
DROP INDEX promises_broken;
ALTER TABLE promises DROP COLUMN broken_at;
DROP TABLE carrier_limits;
