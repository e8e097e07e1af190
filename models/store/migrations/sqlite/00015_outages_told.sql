-- +goose Up
-- Since when a cabinet is away of which the lives there were told that it is; null: they were not.
ALTER TABLE locker_connections ADD COLUMN down_since datetime;

-- +goose Down
ALTER TABLE locker_connections DROP COLUMN down_since;
