-- One row a session. An account has ten slots for them.
CREATE TABLE sessions (
    username_key  TEXT    NOT NULL REFERENCES accounts (username_key) ON DELETE CASCADE,
    slot          INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 9),
    id            TEXT    NOT NULL,
    counter       INTEGER NOT NULL,                 -- number of the current refresh token
    exchanged     INTEGER NOT NULL,                 -- number of the token exchanged for it
    late          INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,                 -- seconds since 1970
    used_at       INTEGER NOT NULL,                 -- seconds since 1970
    token_version INTEGER NOT NULL,
    label         TEXT    NOT NULL,
    PRIMARY KEY (username_key, slot)
) STRICT, WITHOUT ROWID;
