-- read_head: the number of the newest change, and whether this server's history is the one in which
-- it was drawn; NULL while the server is a standby, which cannot tell what it will go on from.
SELECT
    greatest(line.first, (SELECT coalesce(max(number), 0) FROM changes)) AS head,
    CASE
        WHEN pg_is_in_recovery() THEN NULL
        ELSE line.history = (
            SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            FROM pg_control_system()
        )
    END AS current
FROM line
