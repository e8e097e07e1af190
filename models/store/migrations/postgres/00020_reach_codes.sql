-- +goose Up
-- Cells that everybody reaches, also from a wheelchair: which they are, and what asks for one.
ALTER TABLE cells ADD COLUMN easy_reach boolean NOT NULL DEFAULT false;
ALTER TABLE shipments ADD COLUMN easy_reach boolean NOT NULL DEFAULT false;
ALTER TABLE promises ADD COLUMN easy_reach boolean NOT NULL DEFAULT false;
UPDATE cells SET easy_reach = true WHERE EXISTS (SELECT 1 FROM lockers l,
    jsonb_array_elements_text(coalesce(nullif(l.easy_reach, 'null'), '[]')::jsonb) AS n (value)
    WHERE l.id = cells.locker AND n.value = cells.number::text);
-- What a shipment's pickup codes are written in; empty: digits.
ALTER TABLE shipments ADD COLUMN codes text NOT NULL DEFAULT '';
-- Cabinets that stand already are told.
UPDATE screens SET told = '', rev = rev + 1 WHERE scope = 'network';

-- +goose Down
ALTER TABLE shipments DROP COLUMN codes;
ALTER TABLE promises DROP COLUMN easy_reach;
ALTER TABLE shipments DROP COLUMN easy_reach;
ALTER TABLE cells DROP COLUMN easy_reach;
