-- takes_changes: whether what is written here takes place: not on a standby, nor where the database or
-- the role only reads.
SELECT current_setting('transaction_read_only') = 'off' AS takes
