-- append: a whole commit, in one statement and so in one transaction: the block, what it adds to
-- the counts, and the answers that are kept. Only under the claim of the writer: one that is made
-- meanwhile waits for this statement, or this statement for it, and then finds no writer to append
-- for. And only where every message with an answer is claimed by this holder, whose rows are locked
-- until the commit: a claim that was taken over, answered or lost is not found, and then nothing is
-- appended. Returns how many writers were held (one or none) and how many blocks were appended,
-- beside each message that is not this holder's, or once without one.
WITH held AS (
    SELECT id::bigint AS writer FROM writers WHERE id = $1 AND epoch = $2 FOR SHARE
),

answers AS (
    SELECT n.agency, n.request, n.digest, n.body, n.first, n.entry_count, n.at, n.seal
    FROM unnest(
        $15::text[], $16::bigint[], $17::bytea[], $18::bytea[], $19::bigint[], $20::bigint[],
        $21::bigint[], $22::bytea[]
    ) AS n (agency, request, digest, body, first, entry_count, at, seal)
),

ours AS MATERIALIZED (
    SELECT k.agency, k.request
    FROM kept AS k
    INNER JOIN answers AS n ON k.agency = n.agency AND k.request = n.request
    WHERE k.holder = $23 AND is_claim(k)
    ORDER BY k.agency, k.request
    FOR UPDATE OF k
),

others AS MATERIALIZED (
    SELECT n.agency, n.request
    FROM answers AS n
    LEFT JOIN ours AS o ON o.agency = n.agency AND o.request = n.request
    WHERE o.request IS NULL
),

appended AS (
    INSERT INTO blocks (writer, first, entry_count, at, previous, hash, entries)
    SELECT writer, $3, $4, $5, $6, $7, $8 FROM held
    WHERE NOT EXISTS (SELECT FROM others)
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
    UPDATE kept AS k
    SET
        digest = n.digest,
        body = n.body,
        writer = a.writer,
        first = n.first,
        entry_count = n.entry_count,
        at = n.at,
        seal = n.seal,
        holder = NULL
    FROM answers AS n
    CROSS JOIN appended AS a
    WHERE k.agency = n.agency AND k.request = n.request
)

SELECT told.held, told.blocks, others.agency, others.request
FROM (
    SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM appended) AS blocks
) AS told
LEFT JOIN others ON true
