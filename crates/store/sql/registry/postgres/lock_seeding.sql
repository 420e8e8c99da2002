-- lock_seeding: whether this connection is now the only one to seed this database.
SELECT pg_try_advisory_lock(4928114171013169155) AS alone
