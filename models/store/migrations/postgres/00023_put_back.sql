-- +goose Up
-- Up to which fact of its cabinet's journal a cell was known when it was put back into service: a
-- technician's word before it is over as well.
ALTER TABLE cell_orders ADD COLUMN put_back text NOT NULL DEFAULT '{"epoch":0,"seq":0}';

-- +goose Down
ALTER TABLE cell_orders DROP COLUMN put_back;
