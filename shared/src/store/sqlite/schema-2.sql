-- One row a name at which an attempt failed, whether anybody has it or not.
CREATE TABLE attempts (
    digest       TEXT    NOT NULL PRIMARY KEY,      -- SHA-256 of the name's key
    failures     INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,                  -- milliseconds since 1970
    expires_at   INTEGER NOT NULL,                  -- seconds since 1970
    version      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_expire ON attempts (expires_at);

-- One row a window in which the requests of an address are counted.
CREATE TABLE windows (
    key      TEXT    NOT NULL PRIMARY KEY,
    requests INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL                       -- seconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_end ON windows (ends_at);
