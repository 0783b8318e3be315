/**
 * Notifications get a life of their own: a step of the schema, see migrations.ts. What changes of them stands in small
 * rows beside their messages.
 *
 * The status of a notification is that of its worst alert until a person or a recovery decides otherwise. Triggers keep
 * it so, because a delivery changes in many places: claimed, settled, retried, cancelled, its lease ended.
 */
export const notificationSchema = `
  ALTER TABLE notifications ADD COLUMN source TEXT NOT NULL DEFAULT 'mail';
  ALTER TABLE notifications ADD COLUMN origin_key TEXT;
  UPDATE notifications SET source = 'run' WHERE run_id IS NOT NULL;
  CREATE UNIQUE INDEX notifications_origin ON notifications (origin_key) WHERE origin_key IS NOT NULL;

  ALTER TABLE deliveries ADD COLUMN purpose TEXT NOT NULL DEFAULT 'alert';
  ALTER TABLE deliveries ADD COLUMN about_id TEXT;
  ALTER TABLE deliveries ADD COLUMN after_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE deliveries ADD COLUMN repeat TEXT;
  ALTER TABLE deliveries ADD COLUMN repeat_number INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE deliveries ADD COLUMN offers_ack INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE deliveries ADD COLUMN during TEXT;
  ALTER TABLE deliveries ADD COLUMN retry_window_ms INTEGER NOT NULL DEFAULT 259200000;
  DROP INDEX deliveries_notification;
  CREATE INDEX deliveries_notification ON deliveries (notification_id, purpose, status);
  CREATE INDEX deliveries_about ON deliveries (about_id) WHERE about_id IS NOT NULL;

  CREATE TABLE notification_states (
    id               TEXT PRIMARY KEY,
    route            TEXT NOT NULL,
    fingerprint      TEXT NOT NULL,
    status           TEXT NOT NULL,
    reason           TEXT,
    -- 0 for what a recovery has nothing to close of: it tells of one itself.
    opens            INTEGER NOT NULL,
    offers_ack       INTEGER NOT NULL,
    waits_for        TEXT,
    waits_until      INTEGER,
    suppressed_count INTEGER NOT NULL DEFAULT 0,
    duplicate_of     TEXT,
    digest_id        TEXT,
    acked_by         TEXT,
    acked_at         INTEGER,
    ack_note         TEXT,
    resolved_by      TEXT,
    resolved_at      INTEGER,
    -- 1 for what was resolved after its time had come: its alerts go out all the same.
    still_due        INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  INSERT INTO notification_states (id, route, fingerprint, status, opens, offers_ack)
    SELECT id, route, fingerprint, coalesce((
      SELECT status FROM deliveries WHERE notification_id = notifications.id
      ORDER BY instr('dead,processing,failed,queued,sent,cancelled', status) LIMIT 1), 'suppressed'), 0, 0
    FROM notifications;
  CREATE INDEX notification_states_status ON notification_states (status, id);
  CREATE INDEX notification_states_route ON notification_states (route, id);
  CREATE INDEX notification_states_fingerprint ON notification_states (fingerprint, id);
  CREATE INDEX notification_states_open ON notification_states (fingerprint, id)
    WHERE opens = 1 AND status NOT IN ('resolved', 'suppressed');
  CREATE INDEX notification_states_unacknowledged ON notification_states (status, id) WHERE offers_ack = 1;
  CREATE INDEX notification_states_digest ON notification_states (digest_id) WHERE digest_id IS NOT NULL;

  -- One a route and key: the episode that is held, or the last one that was let go.
  CREATE TABLE holds (
    route           TEXT NOT NULL,
    key             TEXT NOT NULL,
    notification_id TEXT NOT NULL,
    happened_at     INTEGER NOT NULL,
    for_ms          INTEGER NOT NULL,
    until           INTEGER NOT NULL,
    released_at     INTEGER,
    seen_at         INTEGER NOT NULL,
    digest          TEXT,
    PRIMARY KEY (route, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_due ON holds (until) WHERE released_at IS NULL;
  CREATE INDEX holds_notification ON holds (notification_id);

  CREATE TABLE hold_recoveries (
    route       TEXT NOT NULL,
    key         TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (route, key, happened_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX hold_recoveries_recorded ON hold_recoveries (recorded_at);

  -- A window without an end has not begun: its notification is held.
  CREATE TABLE dedupe_keys (
    key             TEXT PRIMARY KEY,
    notification_id TEXT NOT NULL,
    opened_at       INTEGER NOT NULL,
    window_ms       INTEGER NOT NULL,
    until           INTEGER,
    suppressed      INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dedupe_keys_over ON dedupe_keys (until) WHERE suppressed = 0 AND until IS NOT NULL;
  CREATE INDEX dedupe_keys_notification ON dedupe_keys (notification_id);

  CREATE TABLE digest_groups (
    route        TEXT NOT NULL,
    key          TEXT NOT NULL,
    due_at       INTEGER NOT NULL,
    items        INTEGER NOT NULL DEFAULT 0,
    left_out     INTEGER NOT NULL DEFAULT 0,
    last_targets TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (route, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX digest_groups_due ON digest_groups (due_at);

  CREATE TABLE digest_items (
    notification_id TEXT PRIMARY KEY,
    route           TEXT NOT NULL,
    key             TEXT NOT NULL,
    due_at          INTEGER NOT NULL,
    targets         TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX digest_items_group ON digest_items (route, key, notification_id);
  CREATE TRIGGER digest_items_added AFTER INSERT ON digest_items BEGIN
    UPDATE digest_groups SET items = items + 1 WHERE route = NEW.route AND key = NEW.key;
  END;
  CREATE TRIGGER digest_items_removed AFTER DELETE ON digest_items BEGIN
    UPDATE digest_groups SET items = items - 1 WHERE route = OLD.route AND key = OLD.key;
  END;

  -- A person who retries what was suppressed takes it out of its silence.
  CREATE TRIGGER deliveries_status_changed AFTER UPDATE OF status ON deliveries
  WHEN NEW.purpose = 'alert' AND NEW.status <> OLD.status BEGIN
    UPDATE notification_states SET
      reason = iif(status = 'suppressed', NULL, reason),
      status = iif(acked_by IS NOT NULL, 'acknowledged', (
        SELECT column2 FROM (VALUES
          (1, 'dead'), (2, 'processing'), (3, 'failed'), (4, 'queued'), (5, 'sent'), (6, 'cancelled'))
        WHERE EXISTS (SELECT 1 FROM deliveries
          WHERE notification_id = NEW.notification_id AND purpose = 'alert' AND status = column2)
        ORDER BY column1 LIMIT 1))
    WHERE id = NEW.notification_id AND (status NOT IN ('acknowledged', 'resolved', 'suppressed')
      OR status = 'suppressed' AND NEW.status = 'queued');
  END;
  CREATE TRIGGER notification_states_digest_changed AFTER UPDATE OF status ON notification_states
  WHEN NEW.status <> OLD.status BEGIN
    UPDATE notification_states SET status = NEW.status
    WHERE digest_id = NEW.id AND acked_by IS NULL AND status NOT IN ('resolved', 'suppressed');
  END;
  CREATE TRIGGER notifications_deleted AFTER DELETE ON notifications BEGIN
    DELETE FROM notification_states WHERE id = OLD.id;
    DELETE FROM holds WHERE notification_id = OLD.id;
    DELETE FROM dedupe_keys WHERE notification_id = OLD.id;
    DELETE FROM digest_items WHERE notification_id = OLD.id;
  END;
  `
