-- append: a whole commit, in one statement and so in one transaction: the block, what it adds to
-- the counts, and the answers that are kept. Only under the claim: a claim that is made meanwhile
-- waits for this statement, or this statement for it, and then finds no writer to append for.
-- Returns how many blocks were appended, one or none.
WITH held AS (
    SELECT id::bigint AS writer FROM writers WHERE id = $1 AND epoch = $2 FOR SHARE
),

appended AS (
    INSERT INTO blocks (writer, first, entry_count, at, previous, hash, entries)
    SELECT writer, $3, $4, $5, $6, $7, $8 FROM held
    RETURNING writer
),

counted AS (
    INSERT INTO counts AS c (writer, agency, verb, service, outcome, day, entry_count)
    SELECT a.writer, n.agency, n.verb, n.service, n.outcome, n.day, n.entry_count
    FROM appended AS a
    CROSS JOIN unnest(
        $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]
    ) AS n (agency, verb, service, outcome, day, entry_count)
    ON CONFLICT (writer, agency, verb, service, outcome, day)
    DO UPDATE SET entry_count = c.entry_count + excluded.entry_count
),

answered AS (
    INSERT INTO kept (
        agency, request, digest, body, writer, first, entry_count, at, seal
    )
    SELECT
        n.agency, n.request, n.digest, n.body, a.writer, n.first, n.entry_count, n.at, n.seal
    FROM appended AS a
    CROSS JOIN unnest(
        $15::text[], $16::bigint[], $17::bytea[], $18::bytea[], $19::bigint[], $20::bigint[],
        $21::bigint[], $22::bytea[]
    ) AS n (agency, request, digest, body, first, entry_count, at, seal)
    ON CONFLICT (agency, request)
    DO UPDATE SET
        digest = excluded.digest,
        body = excluded.body,
        writer = excluded.writer,
        first = excluded.first,
        entry_count = excluded.entry_count,
        at = excluded.at,
        seal = excluded.seal
)

SELECT count(*) AS blocks FROM appended
