-- 0002_line: on which line of its history the registry is. A server that was promoted or restored
-- goes on from a state that others may have seen beyond; the numbers of its changes must not be those
-- that the lost ones had. So a line that begins draws its numbers above 2^32 times its place.
CREATE TABLE line (
    one     boolean          PRIMARY KEY CHECK (one),
    history text COLLATE "C" NOT NULL,
    first   bigint           NOT NULL
);
INSERT INTO line (one, history, first)
SELECT
    true,
    system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8),
    0
FROM pg_control_system()
