-- +goose Up
-- Since when a cabinet is away of which the lives there were told that it is; null: they were not.
ALTER TABLE locker_connections ADD COLUMN down_since timestamptz;
-- In which language an organization is written to.
ALTER TABLE organizations ADD COLUMN language text NOT NULL DEFAULT 'en';

-- +goose Down
ALTER TABLE organizations DROP COLUMN language;
ALTER TABLE locker_connections DROP COLUMN down_since;
