-- The ledger: one chain of blocks a writer, its counts, and the answers kept for repeats.

-- The nation whose answers these are; one row, written when the ledger is first used.
CREATE TABLE nation (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    id BLOB NOT NULL
) STRICT;

CREATE TABLE writers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE blocks (
    writer INTEGER NOT NULL,
    first INTEGER NOT NULL,
    entry_count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (writer, first)
) STRICT;

CREATE TABLE counts (
    writer INTEGER NOT NULL,
    agency TEXT NOT NULL,
    verb INTEGER NOT NULL,
    service INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    day INTEGER NOT NULL,
    entry_count INTEGER NOT NULL,
    PRIMARY KEY (writer, agency, verb, service, outcome, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE kept (
    agency TEXT NOT NULL,
    request INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    writer INTEGER NOT NULL,
    first INTEGER NOT NULL,
    entry_count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (agency, request)
) STRICT;

CREATE INDEX kept_at ON kept (at);

-- A commit is one statement, an insert into this view: it takes one trip to the database and is
-- its own transaction, which halves its time.
CREATE VIEW commits AS
SELECT
    0 AS writer,
    0 AS epoch,
    0 AS first,
    0 AS entry_count,
    0 AS at,
    x'' AS previous,
    x'' AS hash,
    x'' AS entries,
    '[]' AS counts,
    '[]' AS kept;

CREATE TRIGGER commit_block INSTEAD OF INSERT ON commits
BEGIN
    SELECT RAISE(ABORT, 'lease lost')
    WHERE NOT EXISTS (SELECT 1 FROM writers WHERE id = NEW.writer AND epoch = NEW.epoch);

    INSERT INTO blocks (writer, first, entry_count, at, previous, hash, entries)
    VALUES (NEW.writer, NEW.first, NEW.entry_count, NEW.at, NEW.previous, NEW.hash, NEW.entries);

    INSERT INTO counts (writer, agency, verb, service, outcome, day, entry_count)
    SELECT
        NEW.writer,
        value ->> 0,
        value ->> 1,
        value ->> 2,
        value ->> 3,
        value ->> 4,
        value ->> 5
    FROM json_each(NEW.counts)
    WHERE true
    ON CONFLICT (writer, agency, verb, service, outcome, day)
    DO UPDATE SET entry_count = entry_count + excluded.entry_count;

    INSERT INTO kept (agency, request, digest, body, writer, first, entry_count, at, seal)
    SELECT
        value ->> 0,
        value ->> 1,
        unhex(value ->> 2),
        unhex(value ->> 3),
        NEW.writer,
        value ->> 4,
        value ->> 5,
        value ->> 6,
        unhex(value ->> 7)
    FROM json_each(NEW.kept)
    WHERE true
    ON CONFLICT (agency, request)
    DO UPDATE SET
        digest = excluded.digest,
        body = excluded.body,
        writer = excluded.writer,
        first = excluded.first,
        entry_count = excluded.entry_count,
        at = excluded.at,
        seal = excluded.seal;
END;

-- Nothing of ours alters or removes a block; a slip that would is stopped here. Whoever edits the
-- file on purpose is found by the chain instead.
CREATE TRIGGER blocks_are_not_altered BEFORE UPDATE ON blocks
BEGIN
    SELECT RAISE(ABORT, 'blocks are not altered');
END;

CREATE TRIGGER blocks_are_not_removed BEFORE DELETE ON blocks
BEGIN
    SELECT RAISE(ABORT, 'blocks are not removed');
END;

PRAGMA user_version = 1;
