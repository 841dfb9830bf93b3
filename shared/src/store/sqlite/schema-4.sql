-- At most one row: the public keys that verify tokens, as a JWK set.
CREATE TABLE key_set (
    only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    value TEXT    NOT NULL
) STRICT;
