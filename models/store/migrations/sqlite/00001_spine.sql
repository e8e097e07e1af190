-- +goose Up
CREATE TABLE organizations (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    kind       text NOT NULL,
    email      text NOT NULL,
    created_at datetime NOT NULL
);
CREATE UNIQUE INDEX organizations_name ON organizations (name);

CREATE TABLE api_keys (
    id           text PRIMARY KEY,
    organization text NOT NULL REFERENCES organizations,
    name         text NOT NULL,
    hash         text NOT NULL,
    scopes       text,
    created_at   datetime NOT NULL,
    expires_at   datetime,
    revoked_at   datetime
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE locations (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    address    text NOT NULL,
    city       text NOT NULL,
    country    text NOT NULL,
    time_zone  text NOT NULL,
    latitude   real NOT NULL,
    longitude  real NOT NULL,
    created_at datetime NOT NULL
);

CREATE TABLE cabinet_models (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    modules    text,
    created_at datetime NOT NULL
);
CREATE UNIQUE INDEX cabinet_models_name ON cabinet_models (name);

CREATE TABLE lockers (
    id         text PRIMARY KEY,
    number     text NOT NULL,
    location   text NOT NULL REFERENCES locations,
    model      text NOT NULL REFERENCES cabinet_models,
    state      text NOT NULL,
    created_at datetime NOT NULL
);
CREATE UNIQUE INDEX lockers_number ON lockers (number);

-- One row a cell: a cell never holds two shipments.
CREATE TABLE cells (
    locker     text NOT NULL REFERENCES lockers,
    number     integer NOT NULL,
    size       text NOT NULL,
    regime     text NOT NULL,
    state      text NOT NULL,
    doubtful   boolean NOT NULL,
    generation integer NOT NULL,
    shipment   text NOT NULL,
    layout     text NOT NULL,
    updated_at datetime NOT NULL,
    PRIMARY KEY (locker, number)
);

CREATE TABLE policies (
    name       text NOT NULL,
    version    integer NOT NULL,
    body       text NOT NULL,
    created_at datetime NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE couriers (
    id           text PRIMARY KEY,
    organization text NOT NULL REFERENCES organizations,
    role         text NOT NULL,
    badge        text NOT NULL,
    pin_hash     text NOT NULL,
    lockers      text,
    valid_from   datetime,
    valid_until  datetime,
    suspended    boolean NOT NULL,
    created_at   datetime NOT NULL
);
CREATE UNIQUE INDEX couriers_badge ON couriers (badge);

CREATE TABLE shipments (
    id             text PRIMARY KEY,
    carrier        text NOT NULL REFERENCES organizations,
    shop           text NOT NULL,
    number         text NOT NULL,
    locker         text NOT NULL REFERENCES lockers,
    policy_name    text NOT NULL,
    policy_version integer NOT NULL,
    notify_by      text NOT NULL,
    language       text NOT NULL,
    expected_at    datetime,
    issue          integer NOT NULL,
    created_at     datetime NOT NULL,
    state          text NOT NULL,
    rev            integer NOT NULL,
    ready_at       datetime,
    expires_at     datetime,
    ended_at       datetime,
    updated_at     datetime NOT NULL,
    life           text,
    FOREIGN KEY (policy_name, policy_version) REFERENCES policies
);
CREATE UNIQUE INDEX shipments_carrier_number ON shipments (carrier, number);
CREATE INDEX shipments_open_locker ON shipments (locker) WHERE ended_at IS NULL;
CREATE INDEX shipments_open_created ON shipments (created_at) WHERE ended_at IS NULL;
CREATE INDEX shipments_ended ON shipments (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE parcels (
    id         text PRIMARY KEY,
    shipment   text NOT NULL REFERENCES shipments,
    carrier    text NOT NULL,
    barcode    text NOT NULL,
    size       text NOT NULL,
    regime     text NOT NULL,
    dimensions text NOT NULL,
    weight_g   integer NOT NULL,
    state      text NOT NULL,
    cell       integer NOT NULL,
    open       boolean NOT NULL,
    created_at datetime NOT NULL
);
CREATE INDEX parcels_shipment ON parcels (shipment);
CREATE UNIQUE INDEX parcels_open_barcode ON parcels (carrier, barcode) WHERE open;

CREATE TABLE contacts (
    shipment   text PRIMARY KEY REFERENCES shipments,
    name       text NOT NULL,
    phone      text NOT NULL,
    email      text NOT NULL,
    created_at datetime NOT NULL
);

CREATE TABLE promises (
    parcel     text PRIMARY KEY REFERENCES parcels,
    shipment   text NOT NULL,
    locker     text NOT NULL REFERENCES lockers,
    carrier    text NOT NULL,
    size       text NOT NULL,
    regime     text NOT NULL,
    "from"     datetime,
    created_at datetime NOT NULL
);
CREATE INDEX promises_locker ON promises (locker);
CREATE INDEX promises_shipment ON promises (shipment);

CREATE TABLE events (
    shipment   text NOT NULL REFERENCES shipments,
    seq        integer NOT NULL,
    carrier    text NOT NULL,
    position   integer NOT NULL,
    type       text NOT NULL,
    at         datetime NOT NULL,
    parcel     text NOT NULL,
    locker     text NOT NULL,
    cell       integer NOT NULL,
    operation  text NOT NULL,
    reason     text NOT NULL,
    created_at datetime NOT NULL,
    PRIMARY KEY (shipment, seq)
);
CREATE UNIQUE INDEX events_carrier_position ON events (carrier, position);

CREATE TABLE journal_heads (
    locker     text PRIMARY KEY REFERENCES lockers,
    epoch      integer NOT NULL,
    seq        integer NOT NULL,
    hash       text NOT NULL,
    updated_at datetime NOT NULL
);

-- No reference to lockers: the head row stands for it, and intake is the busiest writer.
CREATE TABLE facts (
    locker      text NOT NULL,
    epoch       integer NOT NULL,
    seq         integer NOT NULL,
    type        text NOT NULL,
    shipment    text NOT NULL,
    operation   text NOT NULL,
    quarantined text NOT NULL,
    body        text NOT NULL,
    received_at datetime NOT NULL,
    PRIMARY KEY (locker, epoch, seq)
);
CREATE INDEX facts_received ON facts (received_at);

CREATE TABLE feed_scopes (
    scope    text PRIMARY KEY,
    position integer NOT NULL
);

CREATE TABLE directory (
    scope      text NOT NULL,
    kind       text NOT NULL,
    key        text NOT NULL,
    position   integer NOT NULL,
    deleted    boolean NOT NULL,
    seen_epoch integer NOT NULL,
    seen_seq   integer NOT NULL,
    body       blob,
    updated_at datetime NOT NULL,
    PRIMARY KEY (scope, kind, key)
);
CREATE UNIQUE INDEX directory_scope_position ON directory (scope, position);
CREATE INDEX directory_deleted ON directory (updated_at) WHERE deleted;

CREATE TABLE outbox (
    id          integer PRIMARY KEY AUTOINCREMENT,
    workflow_id text NOT NULL,
    workflow    text NOT NULL,
    kind        text NOT NULL,
    signal      text NOT NULL,
    input       text,
    payload     text,
    created_at  datetime NOT NULL
);

-- expires_ms is Unix milliseconds by the database's own clock.
CREATE TABLE leases (
    name       text PRIMARY KEY,
    holder     text NOT NULL,
    expires_ms integer NOT NULL
);

CREATE TABLE locker_connections (
    locker   text PRIMARY KEY REFERENCES lockers,
    instance text NOT NULL,
    n        integer NOT NULL,
    at       datetime NOT NULL
);

CREATE TABLE notifications (
    id         text PRIMARY KEY,
    subject    text NOT NULL,
    kind       text NOT NULL,
    n          integer NOT NULL,
    channel    text NOT NULL,
    template   text NOT NULL,
    state      text NOT NULL,
    uncertain  boolean NOT NULL,
    attempts   integer NOT NULL,
    problem    text NOT NULL,
    created_at datetime NOT NULL,
    sent_at    datetime
);
CREATE UNIQUE INDEX notifications_subject_kind_n ON notifications (subject, kind, n);
CREATE INDEX notifications_created ON notifications (created_at);

CREATE TABLE incidents (
    id       text PRIMARY KEY,
    key      text NOT NULL,
    kind     text NOT NULL,
    locker   text NOT NULL,
    cell     integer NOT NULL,
    shipment text NOT NULL,
    opened   datetime NOT NULL,
    resolved datetime,
    evidence text NOT NULL,
    reason   text NOT NULL
);
CREATE UNIQUE INDEX incidents_open_key ON incidents (key) WHERE resolved IS NULL;
CREATE INDEX incidents_locker ON incidents (locker);

CREATE TABLE audit (
    id           integer PRIMARY KEY AUTOINCREMENT,
    at           datetime NOT NULL,
    actor        text NOT NULL,
    organization text NOT NULL,
    action       text NOT NULL,
    object       text NOT NULL,
    detail       text NOT NULL,
    request      text NOT NULL
);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE idempotency (
    organization text NOT NULL,
    key          text NOT NULL,
    fingerprint  text NOT NULL,
    body         text NOT NULL,
    created_at   datetime NOT NULL,
    PRIMARY KEY (organization, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
