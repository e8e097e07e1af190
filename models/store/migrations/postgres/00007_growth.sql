-- +goose Up
-- The list of what is open is read in the order of ids, past all that was ever resolved.
CREATE INDEX incidents_open ON incidents (id) WHERE resolved IS NULL;

-- +goose Down
DROP INDEX incidents_open;
