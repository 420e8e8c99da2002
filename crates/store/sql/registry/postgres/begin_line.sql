-- begin_line: begins a line of numbers of changes where the server's history is another one than when
-- the last line began, or where somebody saw a number ($1) that is not there. To be run under the lock
-- of whoever draws numbers. A server in recovery refuses it.
WITH present AS (
    SELECT
        system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS history,
        (SELECT coalesce(max(number), 0) FROM changes) AS newest
    FROM pg_control_system()
)

UPDATE line
SET
    history = present.history,
    first = ((greatest(line.first, present.newest, $1) >> 32) + 1) << 32
FROM present
WHERE line.history <> present.history OR greatest(line.first, present.newest) < $1
