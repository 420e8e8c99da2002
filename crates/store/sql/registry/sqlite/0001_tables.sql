-- 0001_tables: the tables of a registry. Indexes follow in 0001_indexes, once all rows are in.

-- One row, written last: a registry without it is not complete.
CREATE TABLE meta (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    schema         INTEGER NOT NULL,
    nation         BLOB    NOT NULL,
    seed           INTEGER NOT NULL,
    citizens       INTEGER NOT NULL,
    generator      INTEGER NOT NULL,
    reference_date INTEGER NOT NULL
) STRICT;

-- The record as one value beside the columns that it is found by.
CREATE TABLE citizens (
    personal_id INTEGER PRIMARY KEY,
    legacy_id   INTEGER,
    version     INTEGER NOT NULL,
    record      BLOB    NOT NULL
) STRICT;

-- What changed, numbered in commit order without gaps.
CREATE TABLE changes (
    number      INTEGER PRIMARY KEY,
    personal_id INTEGER NOT NULL,
    legacy_id   INTEGER,
    version     INTEGER NOT NULL,
    agency      TEXT    NOT NULL,
    source      TEXT    NOT NULL
) STRICT;

-- What each version of a source's record did: once, for ever. A version is an unsigned number of
-- 64 bits, stored by its bits.
CREATE TABLE effects (
    agency         TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    record_id      TEXT    NOT NULL,
    record_version INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    number         INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (agency, source, record_id, record_version)
) STRICT, WITHOUT ROWID;

-- Dates are numbers YYYYMMDD, both ends included; NULL is open.
CREATE TABLE agencies (
    code        TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    kind        INTEGER NOT NULL,
    valid_from  INTEGER,
    valid_until INTEGER,
    successor   TEXT,
    assumed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    digest      BLOB    PRIMARY KEY,
    agency      TEXT    NOT NULL,
    valid_from  INTEGER,
    valid_until INTEGER,
    revoked     INTEGER NOT NULL,
    debug       INTEGER NOT NULL,
    sandbox     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Lists are texts with one item a line.
CREATE TABLE licences (
    id           INTEGER PRIMARY KEY,
    agency       TEXT    NOT NULL,
    services     TEXT    NOT NULL,
    officers     TEXT    NOT NULL,
    procedures   TEXT    NOT NULL,
    purposes     INTEGER NOT NULL,
    attributes   INTEGER NOT NULL,
    number_alone INTEGER NOT NULL,
    explain      INTEGER NOT NULL,
    authority    TEXT    NOT NULL,
    valid_from   INTEGER,
    valid_until  INTEGER
) STRICT;
