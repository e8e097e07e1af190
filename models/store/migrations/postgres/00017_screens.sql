-- +goose Up
-- How cabinets' screens present themselves: the network's profile, and those of lockers over it.
-- told is the last locker, by id, whose cabinet was told of the network's in its revision; NULL: all were.
CREATE TABLE screens (
    scope      text PRIMARY KEY,
    body       text NOT NULL,
    told       text,
    rev        bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lockers that stand already are told the quiet hours of their places.
INSERT INTO screens (scope, body, told, rev, updated_at) VALUES ('network', '{}', '', 1, now());

-- +goose Down
DROP TABLE screens;
