-- +goose Up
-- The list of shipments is read newest first by id, or by change with updated_since, within
-- what an organization may see; ids are in the order of their making.
CREATE INDEX shipments_carrier ON shipments (carrier, id);
CREATE INDEX shipments_shop ON shipments (shop, id) WHERE shop <> '';
CREATE INDEX shipments_carrier_state ON shipments (carrier, state, id);
CREATE INDEX shipments_shop_state ON shipments (shop, state, id) WHERE shop <> '';
CREATE INDEX shipments_state ON shipments (state, id);
CREATE INDEX shipments_locker ON shipments (locker, id);
CREATE INDEX shipments_updated ON shipments (updated_at, id);
CREATE INDEX shipments_carrier_updated ON shipments (carrier, updated_at, id);
CREATE INDEX shipments_shop_updated ON shipments (shop, updated_at, id) WHERE shop <> '';

-- What people read from a label: all of it, or its last four characters.
CREATE INDEX shipments_number ON shipments (number, id);
CREATE INDEX shipments_number_end ON shipments (substr(number, length(number) - 3));
CREATE INDEX parcels_barcode ON parcels (barcode);
CREATE INDEX parcels_barcode_end ON parcels (substr(barcode, length(barcode) - 3));

-- +goose Down
DROP INDEX parcels_barcode_end;
DROP INDEX parcels_barcode;
DROP INDEX shipments_number_end;
DROP INDEX shipments_number;
DROP INDEX shipments_shop_updated;
DROP INDEX shipments_carrier_updated;
DROP INDEX shipments_updated;
DROP INDEX shipments_locker;
DROP INDEX shipments_state;
DROP INDEX shipments_shop_state;
DROP INDEX shipments_carrier_state;
DROP INDEX shipments_shop;
DROP INDEX shipments_carrier;
