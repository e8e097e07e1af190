-- +goose Up
-- Requests to open doors from afar, and their doors.
CREATE TABLE remote_openings (
    id           text PRIMARY KEY,
    locker       text NOT NULL REFERENCES lockers,
    purpose      text NOT NULL,
    reason       text NOT NULL,
    requested_by text NOT NULL,
    organization text NOT NULL,
    state        text NOT NULL,
    decided_by   text NOT NULL,
    decided_at   timestamptz,
    created_at   timestamptz NOT NULL,
    not_after    timestamptz NOT NULL,
    rev          bigint NOT NULL,
    updated_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX remote_openings_locker ON remote_openings (locker, id);
CREATE INDEX remote_openings_state ON remote_openings (state, id);
CREATE INDEX remote_openings_created ON remote_openings (created_at);

-- Each attempt is an operation of its own; a cabinet's facts name it.
CREATE TABLE remote_doors (
    opening    text NOT NULL REFERENCES remote_openings ON DELETE CASCADE,
    cell       bigint NOT NULL,
    operation  text NOT NULL,
    again      text NOT NULL,
    attempts   bigint NOT NULL,
    outcome    text NOT NULL,
    reason     text NOT NULL,
    opened_at  timestamptz,
    fact_epoch bigint NOT NULL,
    fact_seq   bigint NOT NULL,
    PRIMARY KEY (opening, cell)
);
CREATE UNIQUE INDEX remote_doors_operation ON remote_doors (operation);
CREATE UNIQUE INDEX remote_doors_again ON remote_doors (again);

-- +goose Down
DROP TABLE remote_doors;
DROP TABLE remote_openings;
