/** Who may use the API and the console. Secrets are digests; a user's password is a slow hash. */
export const identitySchema = `
  CREATE TABLE api_tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX api_tokens_name ON api_tokens (name);

  CREATE TABLE console_users (
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    digest       TEXT NOT NULL UNIQUE,
    user         TEXT,
    token_id     TEXT,
    owner_digest TEXT,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    client       TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    CHECK ((user IS NOT NULL) + (token_id IS NOT NULL) + (owner_digest IS NOT NULL) = 1)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_seen ON sessions (last_seen_at);
  CREATE INDEX sessions_user ON sessions (user) WHERE user IS NOT NULL;
  CREATE INDEX sessions_token ON sessions (token_id) WHERE token_id IS NOT NULL;

  CREATE TABLE sign_in_codes (
    digest     TEXT PRIMARY KEY,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`
