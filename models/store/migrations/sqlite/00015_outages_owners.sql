-- +goose Up
-- Since when a cabinet is away of which the lives there were told that it is; null: they were not.
ALTER TABLE locker_connections ADD COLUMN down_since datetime;
-- In which language an organization is written to.
ALTER TABLE organizations ADD COLUMN language text NOT NULL DEFAULT 'en';
-- An endpoint of a test key is posted what happens at test lockers, and nothing else.
ALTER TABLE webhooks ADD COLUMN test boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN test;
ALTER TABLE organizations DROP COLUMN language;
ALTER TABLE locker_connections DROP COLUMN down_since;
