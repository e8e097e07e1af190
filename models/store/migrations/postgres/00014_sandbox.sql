-- +goose Up
-- Test lockers are for integrators: a test key sees nothing else, and others do not see them.
ALTER TABLE lockers ADD COLUMN test boolean NOT NULL DEFAULT false;
ALTER TABLE lockers ADD COLUMN ahead bigint NOT NULL DEFAULT 0;
ALTER TABLE lockers ADD COLUMN advanced_at timestamptz;
ALTER TABLE shipments ADD COLUMN test boolean NOT NULL DEFAULT false;
ALTER TABLE couriers ADD COLUMN test boolean NOT NULL DEFAULT false;
ALTER TABLE api_keys ADD COLUMN test boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE api_keys DROP COLUMN test;
ALTER TABLE couriers DROP COLUMN test;
ALTER TABLE shipments DROP COLUMN test;
ALTER TABLE lockers DROP COLUMN advanced_at;
ALTER TABLE lockers DROP COLUMN ahead;
ALTER TABLE lockers DROP COLUMN test;
