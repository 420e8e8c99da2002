-- read_heads: the last block of every writer, known or not; without a row of its own, NULLs.
WITH RECURSIVE chains (writer) AS (
    SELECT min(writer) FROM blocks
    UNION ALL
    SELECT (SELECT min(later.writer) FROM blocks AS later WHERE later.writer > chains.writer)
    FROM chains
    WHERE chains.writer IS NOT NULL
),

every (writer) AS (
    SELECT id::bigint FROM writers
    UNION
    SELECT writer FROM chains WHERE writer IS NOT NULL
)

SELECT every.writer, last.first, last.entry_count, last.hash
FROM every
LEFT JOIN LATERAL (
    SELECT b.first, b.entry_count, b.hash
    FROM blocks AS b
    WHERE b.writer = every.writer
    ORDER BY b.first DESC
    LIMIT 1
) AS last ON true
ORDER BY every.writer
