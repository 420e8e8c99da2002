-- read_block_before: the last block of a writer that begins at or before an index.
SELECT writer, first, entry_count, at, previous, hash, entries
FROM blocks
WHERE writer = $1 AND first <= $2
ORDER BY first DESC
LIMIT 1
