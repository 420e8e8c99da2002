-- lock: waits until nobody else changes a schema of this database; held to the transaction's end.
SELECT pg_advisory_xact_lock(4928114171013169153)
