-- begin: opens a transaction and takes the lock of whoever draws numbers of changes, before
-- anything is read: a number is drawn when all before it can be seen, and the lock is held until
-- its own change can be.
BEGIN;
SELECT pg_advisory_xact_lock(4928114171013169154);
