-- Ids of deleted accounts, which no import brings back.
CREATE TABLE deleted_ids (
    id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- SHA-256 of the Idempotency-Key of the registration, if it had one.
ALTER TABLE accounts ADD COLUMN idempotency TEXT;
