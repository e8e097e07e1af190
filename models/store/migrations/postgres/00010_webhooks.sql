-- +goose Up
-- What is told to others, commit-ordered within a scope: see models.FeedEvent. An event that two
-- organizations see is a row in the scope of each, under one id.
CREATE TABLE feed (
    scope      text NOT NULL,
    position   bigint NOT NULL,
    id         text NOT NULL,
    type       text NOT NULL,
    at         timestamptz NOT NULL,
    data       text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, position)
);
CREATE INDEX feed_created ON feed USING brin (created_at);

-- Positions are the feed's now; events keep the id under which they are told.
DROP INDEX events_carrier_position;
ALTER TABLE events DROP COLUMN carrier;
ALTER TABLE events DROP COLUMN position;
ALTER TABLE events ADD COLUMN id text NOT NULL DEFAULT '';

-- What was told last of a cabinet's connection: online, offline, or nothing yet.
ALTER TABLE locker_connections ADD COLUMN told text NOT NULL DEFAULT '';

-- Sizes of which a locker has few free cells left, as was told.
CREATE TABLE scarce_cells (
    locker text NOT NULL REFERENCES lockers,
    regime text NOT NULL,
    size   text NOT NULL,
    since  timestamptz NOT NULL,
    PRIMARY KEY (locker, regime, size)
);

-- Public keys of the worker, to which the api seals what only the worker may read.
CREATE TABLE worker_keys (
    purpose    text PRIMARY KEY,
    public     bytea NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE webhooks (
    id              text PRIMARY KEY,
    organization    text NOT NULL REFERENCES organizations,
    url             text NOT NULL,
    description     text NOT NULL,
    types           text NOT NULL,
    feeds           text NOT NULL,
    signing         text NOT NULL,
    public_key      text NOT NULL,
    secret          bytea NOT NULL,
    previous        bytea,
    previous_until  timestamptz,
    paused          boolean NOT NULL,
    disabled_at     timestamptz,
    disabled_reason text NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX webhooks_organization ON webhooks (organization, id);

-- How far an endpoint got in each of its feeds, and the head event's attempts so far.
CREATE TABLE webhook_cursors (
    webhook  text NOT NULL REFERENCES webhooks,
    scope    text NOT NULL,
    position bigint NOT NULL,
    attempt  bigint NOT NULL,
    next_at  timestamptz,
    PRIMARY KEY (webhook, scope)
);

CREATE TABLE webhook_deliveries (
    id         text PRIMARY KEY,
    webhook    text NOT NULL,
    scope      text NOT NULL,
    position   bigint NOT NULL,
    event      text NOT NULL,
    type       text NOT NULL,
    attempt    bigint NOT NULL,
    at         timestamptz NOT NULL,
    status     bigint NOT NULL,
    latency_ms bigint NOT NULL,
    reply      text NOT NULL,
    problem    text NOT NULL,
    next_at    timestamptz
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook, id);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries USING brin (at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhook_cursors;
DROP TABLE webhooks;
DROP TABLE worker_keys;
DROP TABLE scarce_cells;
ALTER TABLE locker_connections DROP COLUMN told;
ALTER TABLE events DROP COLUMN id;
ALTER TABLE events ADD COLUMN position bigint NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN carrier text NOT NULL DEFAULT '';
DROP TABLE feed;
