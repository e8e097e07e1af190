-- +goose Up
-- Of which incident a fact told. A cabinet's screen names the fact, and the support looks for the incident.
ALTER TABLE facts ADD COLUMN incident text NOT NULL DEFAULT '';
CREATE INDEX facts_incident ON facts (epoch, seq) WHERE incident <> '';

-- +goose Down
DROP INDEX facts_incident;
ALTER TABLE facts DROP COLUMN incident;
