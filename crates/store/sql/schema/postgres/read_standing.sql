-- read_standing: whether commits wait for a standby, and how many standbys there are. An ordinary
-- role sees both.
SELECT
    current_setting('synchronous_standby_names') <> '' AS waits,
    (SELECT count(*) FROM pg_stat_replication) AS standbys
