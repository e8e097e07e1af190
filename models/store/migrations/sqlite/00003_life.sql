-- +goose Up
-- Nobody may take the parcels of a frozen shipment.
ALTER TABLE shipments ADD COLUMN frozen boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE shipments DROP COLUMN frozen;
