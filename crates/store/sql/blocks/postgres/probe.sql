-- probe: whether the writer is still held under this epoch, and whether the database takes writes.
SELECT
    EXISTS (SELECT FROM writers WHERE id = $1 AND epoch = $2) AS held,
    current_setting('transaction_read_only') = 'off' AS writes
