/**
 * The words of the mails. The index keeps no text, only which word stands where, and its rows are numbered by the time
 * in the mails' ids. `splitWords` makes the words, so all that is left to the tokenizer is to part them at the spaces.
 *
 * Nothing is merged while mails are written: a merge of its own may take as long as it likes, and everybody would wait.
 * `tidySearchIndex` does it in small steps.
 */
export const searchSchema = `
  CREATE VIRTUAL TABLE mail_words USING fts5 (
    facts, subject, sender, receiver, rcpt, body, content = '', contentless_delete = 1, tokenize = 'ascii'
  );
  INSERT INTO mail_words (mail_words, rank) VALUES ('automerge', 0);
  INSERT INTO mail_words (mail_words, rank) VALUES ('crisismerge', 64);

  CREATE TABLE search_entries (
    number  INTEGER PRIMARY KEY,
    mail_id TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE unindexed_mails (
    mail_id  TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  INSERT INTO unindexed_mails (mail_id) SELECT id FROM mails WHERE status <> 'stored';

  CREATE TRIGGER mails_deleted_from_search AFTER DELETE ON mails BEGIN
    DELETE FROM unindexed_mails WHERE mail_id = old.id;
    DELETE FROM mail_words WHERE rowid = (SELECT number FROM search_entries WHERE mail_id = old.id);
    DELETE FROM search_entries WHERE mail_id = old.id;
  END;

  CREATE INDEX notifications_route_mail ON notifications (route, mail_id) WHERE mail_id IS NOT NULL;
  CREATE INDEX deliveries_channel_mail ON deliveries (channel, mail_id) WHERE mail_id IS NOT NULL;
`

/**
 * How many there are of each, kept by the transactions that change it: the status is asked for every few seconds, and
 * counting reads everything. Times of receipt are counted by the minute.
 */
export const tallySchema = `
  CREATE TABLE mail_tallies (
    status TEXT PRIMARY KEY,
    count  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE minute_tallies (
    minute INTEGER PRIMARY KEY,
    count  INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE delivery_tallies (
    channel TEXT NOT NULL,
    status  TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (channel, status)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO mail_tallies SELECT status, count(*) FROM mails GROUP BY status;
  INSERT INTO minute_tallies SELECT received_at / 60000, count(*) FROM mails GROUP BY received_at / 60000;
  INSERT INTO delivery_tallies SELECT channel, status, count(*) FROM deliveries GROUP BY channel, status;

  CREATE TRIGGER mails_tally_added AFTER INSERT ON mails BEGIN
    INSERT INTO mail_tallies VALUES (new.status, 1) ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO minute_tallies VALUES (new.received_at / 60000, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER mails_tally_changed AFTER UPDATE OF status ON mails WHEN new.status <> old.status BEGIN
    UPDATE mail_tallies SET count = count - 1 WHERE status = old.status;
    INSERT INTO mail_tallies VALUES (new.status, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER mails_tally_removed AFTER DELETE ON mails BEGIN
    UPDATE mail_tallies SET count = count - 1 WHERE status = old.status;
    UPDATE minute_tallies SET count = count - 1 WHERE minute = old.received_at / 60000;
    DELETE FROM minute_tallies WHERE minute = old.received_at / 60000 AND count <= 0;
  END;
  CREATE TRIGGER deliveries_tally_added AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_tallies VALUES (new.channel, new.status, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER deliveries_tally_changed AFTER UPDATE OF status ON deliveries WHEN new.status <> old.status BEGIN
    UPDATE delivery_tallies SET count = count - 1 WHERE channel = old.channel AND status = old.status;
    INSERT INTO delivery_tallies VALUES (new.channel, new.status, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER deliveries_tally_removed AFTER DELETE ON deliveries BEGIN
    UPDATE delivery_tallies SET count = count - 1 WHERE channel = old.channel AND status = old.status;
  END;
`
