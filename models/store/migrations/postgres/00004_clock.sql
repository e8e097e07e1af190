-- +goose Up
-- When people may come, and when they get no messages that can wait; NULL: always, and never.
ALTER TABLE locations ADD COLUMN hours text;
ALTER TABLE locations ADD COLUMN quiet_hours text;

-- Since when all of the cabinet's journal is here; NULL: some of it may not be.
ALTER TABLE locker_connections ADD COLUMN current_at timestamptz;

-- When a cabinet could not be reached. One that goes on is no row yet.
CREATE TABLE outages (
    locker text NOT NULL REFERENCES lockers,
    began  timestamptz NOT NULL,
    ended  timestamptz NOT NULL,
    PRIMARY KEY (locker, began)
);
CREATE INDEX outages_ended ON outages (ended);

-- +goose Down
DROP TABLE outages;
ALTER TABLE locker_connections DROP COLUMN current_at;
ALTER TABLE locations DROP COLUMN quiet_hours;
ALTER TABLE locations DROP COLUMN hours;
