-- +goose Up
-- What is told to others, commit-ordered within a scope: see models.FeedEvent. An event that two
-- organizations see is a row in the scope of each, under one id.
CREATE TABLE feed (
    scope      text NOT NULL,
    position   integer NOT NULL,
    id         text NOT NULL,
    type       text NOT NULL,
    at         datetime NOT NULL,
    data       text NOT NULL,
    created_at datetime NOT NULL,
    PRIMARY KEY (scope, position)
);
CREATE INDEX feed_created ON feed (created_at);

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
    since  datetime NOT NULL,
    PRIMARY KEY (locker, regime, size)
);

-- Public keys of the worker, to which the api seals what only the worker may read.
CREATE TABLE worker_keys (
    purpose    text PRIMARY KEY,
    public     blob NOT NULL,
    updated_at datetime NOT NULL
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
    secret          blob NOT NULL,
    previous        blob,
    previous_until  datetime,
    paused          boolean NOT NULL,
    disabled_at     datetime,
    disabled_reason text NOT NULL,
    created_at      datetime NOT NULL,
    updated_at      datetime NOT NULL
);
CREATE INDEX webhooks_organization ON webhooks (organization, id);

-- How far an endpoint got in each of its feeds, and the head event's attempts so far.
CREATE TABLE webhook_cursors (
    webhook  text NOT NULL REFERENCES webhooks,
    scope    text NOT NULL,
    position integer NOT NULL,
    attempt  integer NOT NULL,
    next_at  datetime,
    PRIMARY KEY (webhook, scope)
);

CREATE TABLE webhook_deliveries (
    id         text PRIMARY KEY,
    webhook    text NOT NULL,
    scope      text NOT NULL,
    position   integer NOT NULL,
    event      text NOT NULL,
    type       text NOT NULL,
    attempt    integer NOT NULL,
    at         datetime NOT NULL,
    status     integer NOT NULL,
    latency_ms integer NOT NULL,
    reply      text NOT NULL,
    problem    text NOT NULL,
    next_at    datetime
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook, id);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhook_cursors;
DROP TABLE webhooks;
DROP TABLE worker_keys;
DROP TABLE scarce_cells;
ALTER TABLE locker_connections DROP COLUMN told;
ALTER TABLE events DROP COLUMN id;
ALTER TABLE events ADD COLUMN position integer NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN carrier text NOT NULL DEFAULT '';
DROP TABLE feed;
