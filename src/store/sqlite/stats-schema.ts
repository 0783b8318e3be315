/** Counts over time (`step` is the length of a bucket in milliseconds), and what routes matched. */
export const statsSchema = `
  CREATE TABLE stat_buckets (
    step    INTEGER NOT NULL,
    scope   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    name    TEXT NOT NULL,
    measure TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (step, scope, at, name, measure)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE route_hits (
    route       TEXT PRIMARY KEY,
    known_since INTEGER NOT NULL,
    last_at     INTEGER,
    last_mails  TEXT NOT NULL DEFAULT '[]'
  ) STRICT, WITHOUT ROWID;
`
