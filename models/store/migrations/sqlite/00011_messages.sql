-- +goose Up
-- A client may be told of one thing by several channels.
ALTER TABLE notifications ADD COLUMN sending_at datetime;
ALTER TABLE notifications ADD COLUMN mark text NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN ref text NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN retries integer NOT NULL DEFAULT 0;
ALTER TABLE notifications ADD COLUMN instead text NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN delivered_at datetime;
DROP INDEX notifications_subject_kind_n;
CREATE UNIQUE INDEX notifications_subject_kind_n_channel ON notifications (subject, kind, n, channel);
CREATE INDEX notifications_failed ON notifications (id) WHERE state IN ('failed', 'undelivered');

-- Phones that want no SMS, by a keyed hash.
CREATE TABLE sms_opt_outs (
    phone text PRIMARY KEY,
    since datetime NOT NULL
);

-- Texts in the place of the built-in ones. An empty organization is the network.
CREATE TABLE templates (
    organization text NOT NULL,
    kind         text NOT NULL,
    channel      text NOT NULL,
    language     text NOT NULL,
    subject      text NOT NULL,
    body         text NOT NULL,
    version      integer NOT NULL,
    updated_at   datetime NOT NULL,
    PRIMARY KEY (organization, kind, channel, language)
);

-- +goose Down
DROP TABLE templates;
DROP TABLE sms_opt_outs;
DROP INDEX notifications_failed;
DROP INDEX notifications_subject_kind_n_channel;
DELETE FROM notifications WHERE channel <> 'email';
CREATE UNIQUE INDEX notifications_subject_kind_n ON notifications (subject, kind, n);
ALTER TABLE notifications DROP COLUMN delivered_at;
ALTER TABLE notifications DROP COLUMN instead;
ALTER TABLE notifications DROP COLUMN retries;
ALTER TABLE notifications DROP COLUMN ref;
ALTER TABLE notifications DROP COLUMN mark;
ALTER TABLE notifications DROP COLUMN sending_at;
