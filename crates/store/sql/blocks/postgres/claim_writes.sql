-- claim_writes: claims the messages that nobody answered or works at, and says of each whose it is:
-- 0 ours, 1 answered, 2 another one's, 3 another body's. A claim need not survive a crash, so nobody
-- waits for the disk; and for as long as this session lasts, its lock tells that its claims are
-- worked at. A row that comes about meanwhile is found when its key is taken: then nothing is
-- claimed, and the message counts as another one's until it is asked for again.
WITH session AS MATERIALIZED (
    SELECT
        pg_try_advisory_lock_shared(1684106851, $1::integer) AS locked,
        set_config('synchronous_commit', 'off', true) AS lazily
),

asked AS (
    SELECT a.agency, a.request, a.digest, a.place
    FROM unnest($4::text[], $5::bigint[], $6::bytea[]) WITH ORDINALITY
        AS a (agency, request, digest, place)
),

claimed AS (
    INSERT INTO kept AS k (
        agency, request, digest, body, writer, first, entry_count, at, seal, holder
    )
    SELECT a.agency, a.request, a.digest, '', $1, 0, 0, now_ms(), '', $2
    FROM asked AS a
    CROSS JOIN session
    WHERE NOT EXISTS (
        SELECT FROM kept AS k
        WHERE k.agency = a.agency
            AND k.request = a.request
            AND NOT is_free(k, a.digest, $2, $3)
    )
    ORDER BY a.agency, a.request
    ON CONFLICT (agency, request)
    DO UPDATE SET
        digest = excluded.digest,
        body = excluded.body,
        writer = excluded.writer,
        first = excluded.first,
        entry_count = excluded.entry_count,
        at = excluded.at,
        seal = excluded.seal,
        holder = excluded.holder
    WHERE is_free(k, excluded.digest, excluded.holder, $3)
    RETURNING k.agency, k.request
)

SELECT
    a.agency,
    a.request,
    k.digest,
    k.body,
    k.writer,
    k.first,
    k.entry_count,
    k.at,
    k.seal,
    CASE
        WHEN c.request IS NOT NULL THEN 0
        WHEN k.request IS NULL OR k.at <= $3 THEN 2
        WHEN NOT is_claim(k) THEN 1
        WHEN k.digest <> a.digest AND is_abandoned(k) THEN 3
        ELSE 2
    END::bigint AS whose
FROM asked AS a
LEFT JOIN claimed AS c ON c.agency = a.agency AND c.request = a.request
LEFT JOIN kept AS k ON k.agency = a.agency AND k.request = a.request
ORDER BY a.place
