-- +goose Up
-- What the operator wants of a cell; the cabinet owns the cell itself.
CREATE TABLE cell_orders (
    locker         text NOT NULL REFERENCES lockers,
    number         integer NOT NULL,
    out_of_service boolean NOT NULL,
    reason         text NOT NULL,
    looked         text NOT NULL,
    rev            integer NOT NULL,
    updated_at     datetime NOT NULL,
    PRIMARY KEY (locker, number)
);

-- Since when a cell is as it is; NULL: since before this was kept.
ALTER TABLE cells ADD COLUMN since datetime;

-- +goose Down
ALTER TABLE cells DROP COLUMN since;
DROP TABLE cell_orders;
