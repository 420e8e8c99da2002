-- read_heads: the last block of every writer, known or not; without a row of its own, NULLs.
WITH RECURSIVE
chains (writer) AS (
    SELECT MIN(writer) FROM blocks
    UNION ALL
    SELECT (SELECT MIN(later.writer) FROM blocks AS later WHERE later.writer > chains.writer)
    FROM chains
    WHERE chains.writer IS NOT NULL
),

every (writer) AS (
    SELECT id FROM writers
    UNION
    SELECT writer FROM chains WHERE writer IS NOT NULL
)

SELECT every.writer, last.first, last.entry_count, last.hash
FROM every
LEFT JOIN blocks AS last
    ON
        last.writer = every.writer
        AND last.first = (SELECT MAX(first) FROM blocks WHERE writer = every.writer)
ORDER BY every.writer;
