-- +goose Up
-- How a parcel came to its size, and how many of a sender's were found to have which.
ALTER TABLE parcels ADD COLUMN size_from text NOT NULL DEFAULT '';

CREATE TABLE found_sizes (
    sender text    NOT NULL PRIMARY KEY,
    s      integer NOT NULL,
    m      integer NOT NULL,
    l      integer NOT NULL,
    xl     integer NOT NULL
);

-- +goose Down
DROP TABLE found_sizes;
ALTER TABLE parcels DROP COLUMN size_from;
