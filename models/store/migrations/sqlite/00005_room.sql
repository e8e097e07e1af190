-- +goose Up
-- What a carrier may count on at a locker, in cells of a regime and size.
CREATE TABLE carrier_limits (
    locker  text NOT NULL REFERENCES lockers,
    carrier text NOT NULL REFERENCES organizations,
    regime  text NOT NULL,
    size    text NOT NULL,
    minimum integer NOT NULL,
    maximum integer,
    PRIMARY KEY (locker, carrier, regime, size)
);

-- +goose Down
DROP TABLE carrier_limits;
