-- The counts of a day side by side. What comes at one time is of few days: so a commit alters few
-- pages, where one a count had to be written before.

DROP TRIGGER commit_block;

CREATE TABLE counts_by_day (
    writer INTEGER NOT NULL,
    day INTEGER NOT NULL,
    agency TEXT NOT NULL,
    verb INTEGER NOT NULL,
    service INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    entry_count INTEGER NOT NULL,
    PRIMARY KEY (writer, day, agency, verb, service, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO counts_by_day (writer, day, agency, verb, service, outcome, entry_count)
SELECT writer, day, agency, verb, service, outcome, entry_count
FROM counts
ORDER BY writer, day, agency, verb, service, outcome;

DROP TABLE counts;

ALTER TABLE counts_by_day RENAME TO counts;

CREATE TRIGGER commit_block INSTEAD OF INSERT ON commits
BEGIN
    SELECT RAISE(ABORT, 'lease lost')
    WHERE NOT EXISTS (SELECT 1 FROM writers WHERE id = NEW.writer AND epoch = NEW.epoch);

    SELECT RAISE(ABORT, 'answered before')
    FROM json_each(NEW.kept) AS asked
    CROSS JOIN kept ON kept.agency = asked.value ->> 0 AND kept.request = asked.value ->> 1;

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
    ON CONFLICT (writer, day, agency, verb, service, outcome)
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
    FROM json_each(NEW.kept);
END;

PRAGMA user_version = 4;
