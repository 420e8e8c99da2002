-- read_hash: the hash of the block of a writer that begins at an index.
SELECT hash FROM blocks WHERE writer = $1 AND first = $2
