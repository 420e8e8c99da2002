-- read_blocks: blocks of a writer from an index on, in order.
SELECT writer, first, entry_count, at, previous, hash, entries
FROM blocks
WHERE writer = $1 AND first >= $2
ORDER BY first
LIMIT $3
