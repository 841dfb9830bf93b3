-- The owner has shown that mail to the address arrives.
ALTER TABLE accounts ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1));

-- The end of an account that waits for the confirmation of its address, in seconds since 1970.
ALTER TABLE accounts ADD COLUMN pending_until INTEGER;

-- One row a mail that waits to be sent.
CREATE TABLE mails (
    id          TEXT    NOT NULL PRIMARY KEY,
    request     TEXT    NOT NULL,                   -- JSON: what it is to say, and to whom
    taken_until INTEGER NOT NULL DEFAULT 0,         -- milliseconds since 1970: until then somebody sends it
    expires_at  INTEGER NOT NULL                    -- seconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_expire ON mails (expires_at);

-- One row a code that was sent. All codes of a key have the same number of tries.
CREATE TABLE codes (
    key          TEXT    NOT NULL,                  -- purpose, and account or address
    account_id   TEXT    NOT NULL,
    username_key TEXT    NOT NULL,
    email        TEXT    NOT NULL,                  -- where it was sent
    digest       TEXT    NOT NULL,                  -- SHA-256 of the key and the code
    mail         TEXT    NOT NULL,                  -- id of the mail
    sent_at      INTEGER NOT NULL,                  -- seconds since 1970
    token_version INTEGER NOT NULL,                 -- of the account when the code was asked for
    former       TEXT,                              -- the address that the account had then
    expires_at   INTEGER NOT NULL,                  -- seconds since 1970
    tries        INTEGER NOT NULL,
    PRIMARY KEY (key, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_expire ON codes (expires_at);
