-- One row an account. Keys are what makes names unique: compatibility form, case folded.
CREATE TABLE accounts (
    username_key  TEXT    NOT NULL PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,          -- UUIDv4
    username      TEXT    NOT NULL,                 -- as typed
    email         TEXT,                             -- domain lower-cased
    password_hash TEXT    NOT NULL,                 -- as it was made, ours or another service's
    token_version INTEGER NOT NULL CHECK (token_version BETWEEN 0 AND 4294967295),
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL                  -- seconds since 1970
) STRICT, WITHOUT ROWID;

-- One row an email address in use.
CREATE TABLE emails (
    email_key    TEXT NOT NULL PRIMARY KEY,
    username_key TEXT NOT NULL REFERENCES accounts (username_key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- At most one row: what signs tokens where no secret is configured.
CREATE TABLE secret (
    only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    value TEXT    NOT NULL
) STRICT;
