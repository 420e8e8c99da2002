-- read_head: the number of the newest change; whether this server's history is the one in which it was
-- drawn, NULL while the server is a standby, which cannot tell what it will go on from; and whether the
-- database takes changes.
SELECT
    greatest(line.first, (SELECT coalesce(max(number), 0) FROM changes)) AS head,
    CASE
        WHEN pg_is_in_recovery() THEN NULL
        ELSE line.history = (
            SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            FROM pg_control_system()
        )
    END AS current,
    current_setting('transaction_read_only') = 'off' AS takes
FROM line
