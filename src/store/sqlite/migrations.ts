import { configLoadSchema } from './config-loads.js'
import { identitySchema } from './identity-schema.js'
import { notificationSchema } from './notification-schema.js'
import { savedSearchSchema } from './saved-searches.js'
import { searchSchema, tallySchema } from './search-schema.js'
import { statsSchema } from './stats-schema.js'

/**
 * The schema, as the steps that lead to it. A step that has shipped is never edited: `PRAGMA user_version` counts the
 * steps a file has gone through.
 *
 * Raw mails live apart from the small rows that change, so that a status update never rewrites a message.
 * `due_at` is the one clock of both queues: a claim moves it to the end of the lease, so an expired lease is simply due
 * again, and null means nothing is to be done.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE mails (
    id            TEXT PRIMARY KEY,
    received_at   INTEGER NOT NULL,
    size_bytes    INTEGER NOT NULL,
    envelope      TEXT NOT NULL,
    status        TEXT NOT NULL,
    reason        TEXT,
    subject       TEXT NOT NULL DEFAULT '',
    from_address  TEXT NOT NULL DEFAULT '',
    malformed     TEXT,
    generation    INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    pending       TEXT,
    due_at        INTEGER,
    lease_owner   TEXT,
    epoch         INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX mails_status ON mails (status, id);

  CREATE TABLE raw_mails (
    mail_id TEXT PRIMARY KEY,
    raw     BLOB NOT NULL
  ) STRICT;

  CREATE TABLE traces (
    mail_id    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    trace      TEXT NOT NULL,
    PRIMARY KEY (mail_id, generation)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notifications (
    id          TEXT PRIMARY KEY,
    mail_id     TEXT,
    run_id      TEXT,
    run_index   INTEGER,
    generation  INTEGER NOT NULL,
    route       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    event       TEXT,
    fingerprint TEXT NOT NULL,
    labels      TEXT NOT NULL,
    message     TEXT NOT NULL,
    flagged     TEXT,
    created_at  INTEGER NOT NULL,
    UNIQUE (mail_id, generation, route),
    UNIQUE (run_id, run_index)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE deliveries (
    id              TEXT PRIMARY KEY,
    notification_id TEXT NOT NULL,
    mail_id         TEXT,
    run_id          TEXT,
    route           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    recipient       TEXT,
    address         TEXT,
    status          TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    counted         INTEGER NOT NULL DEFAULT 0,
    retry_ms        TEXT NOT NULL,
    due_at          INTEGER,
    last_error      TEXT,
    remote          TEXT NOT NULL DEFAULT '{}',
    dedupe_key      TEXT NOT NULL UNIQUE,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    lease_owner     TEXT,
    epoch           INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveries_due ON deliveries (channel, due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_mail ON deliveries (mail_id);
  CREATE INDEX deliveries_status ON deliveries (status, id);
  CREATE INDEX deliveries_notification ON deliveries (notification_id);

  CREATE TABLE attempts (
    delivery_id TEXT NOT NULL,
    number      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    status_code INTEGER,
    excerpt     TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE channel_pauses (
    channel  TEXT PRIMARY KEY,
    until    INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    failures INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE cache (
    space TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    etag  TEXT,
    at    INTEGER NOT NULL,
    PRIMARY KEY (space, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (
    counter TEXT NOT NULL,
    day     TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (counter, day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE inbox (
    id        TEXT PRIMARY KEY,
    mail_id   TEXT,
    recipient TEXT,
    message   TEXT NOT NULL,
    at        INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rejections (
    hour    INTEGER NOT NULL,
    client  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    code    INTEGER NOT NULL,
    message TEXT NOT NULL,
    sender  TEXT,
    rcpt    TEXT,
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (hour, client, reason)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE runs (
    id            TEXT PRIMARY KEY,
    job           TEXT NOT NULL,
    trigger       TEXT NOT NULL,
    scheduled_at  INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER,
    outcome       TEXT NOT NULL,
    error         TEXT,
    logs          TEXT NOT NULL DEFAULT '[]',
    duration_ms   INTEGER,
    notifications INTEGER NOT NULL DEFAULT 0,
    rows_changed  INTEGER NOT NULL DEFAULT 0,
    sha256        TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runs_job ON runs (job, id);
  CREATE INDEX runs_unfinished ON runs (id) WHERE outcome = 'running';

  CREATE TABLE job_states (
    job             TEXT PRIMARY KEY,
    enabled         INTEGER NOT NULL,
    watched_since   INTEGER NOT NULL,
    last_success_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE uploaded_jobs (
    job        TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    filename   TEXT NOT NULL,
    module     BLOB NOT NULL
  ) STRICT;

  CREATE TABLE module_versions (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    filename    TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    kinds       TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    active      INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    UNIQUE (name, sha256)
  ) STRICT;
  CREATE UNIQUE INDEX module_versions_active ON module_versions (name) WHERE active = 1;
  `,
  // What a delivery says where that differs from its notification; null where it is the same, which is the usual case.
  'ALTER TABLE deliveries ADD COLUMN message TEXT',
  // Deleting a mail would otherwise read the whole inbox.
  'CREATE INDEX inbox_mail ON inbox (mail_id)',
  // The counts that every look at the status asks for, without reading every delivery there ever was.
  'CREATE INDEX deliveries_counts ON deliveries (channel, status)',
  // Silences, monitors, rules, who changed what, and when the gateway was last known to run.
  `
  CREATE TABLE silences (
    id         TEXT PRIMARY KEY,
    matchers   TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    comment    TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX silences_end ON silences (ends_at);

  CREATE TABLE monitor_states (
    name          TEXT PRIMARY KEY,
    status        TEXT NOT NULL,
    token         TEXT NOT NULL UNIQUE,
    watched_since INTEGER NOT NULL,
    last_seen_at  INTEGER,
    started_at    INTEGER,
    failed_at     INTEGER,
    changed_at    INTEGER NOT NULL,
    reason        TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_rules (
    id         TEXT PRIMARY KEY,
    subject    TEXT NOT NULL,
    name       TEXT NOT NULL,
    event      TEXT NOT NULL,
    channels   TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (subject, name, event, channels)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    id       TEXT PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    subjects TEXT NOT NULL,
    detail   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_at ON audit (at);
  CREATE INDEX audit_action ON audit (action, id);

  CREATE TABLE audit_subjects (
    subject  TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (subject, audit_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE heartbeat (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at   INTEGER NOT NULL
  ) STRICT;
  `,
  // Steps from route to route in a claim. A person's retry gives a delivery its whole retry window again.
  `
  CREATE INDEX deliveries_due_by_route ON deliveries (channel, route, due_at) WHERE due_at IS NOT NULL;
  ALTER TABLE deliveries ADD COLUMN retried_at INTEGER;
  `,
  // Retention finds the oldest of what may go without reading what is young, or what waits.
  `
  CREATE INDEX mails_received ON mails (received_at);
  CREATE INDEX deliveries_settled ON deliveries (updated_at) WHERE status IN ('sent', 'cancelled');
  CREATE INDEX notifications_without_mail ON notifications (created_at) WHERE mail_id IS NULL;
  CREATE INDEX inbox_without_mail ON inbox (at) WHERE mail_id IS NULL;
  `,
  notificationSchema,
  // What people set up while the server runs.
  `
  CREATE TABLE stored_channels (
    name        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    settings    TEXT NOT NULL,
    sealed_key  TEXT,
    sealed_data TEXT,
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    changed_by  TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stored_people (
    address    TEXT PRIMARY KEY,
    name       TEXT,
    manager    TEXT,
    channels   TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE link_codes (
    digest     TEXT PRIMARY KEY,
    person     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (person, channel)
  ) STRICT, WITHOUT ROWID;
  `,
  identitySchema,
  statsSchema,
  searchSchema,
  tallySchema,
  configLoadSchema,
  // What one retry of a person made due is counted, and notifications are listed by severity, without reading all.
  `
  CREATE INDEX deliveries_retried ON deliveries (retried_at) WHERE retried_at IS NOT NULL;
  CREATE INDEX notifications_severity ON notifications (severity, id);
  `,
  savedSearchSchema,
  // The inbox of one person is found without reading everybody's, and leads to the delivery that filled it.
  `
  ALTER TABLE inbox ADD COLUMN delivery_id TEXT;
  UPDATE inbox SET delivery_id = (SELECT deliveries.id FROM deliveries
    WHERE deliveries.mail_id = inbox.mail_id AND json_extract(remote, '$.inbox_id') = inbox.id);
  CREATE INDEX inbox_recipient ON inbox (recipient);
  `,
  // Who sent a mail, as JSON: NULL where nobody asked yet, 'null' where nobody is to ask.
  `
  ALTER TABLE mails ADD COLUMN auth TEXT;
  `,
]
