-- begin_seeding: opens a transaction of rows that nobody reads yet. Those of a run that a crash of
-- the database takes back are told by the row in seeding, which it takes back with them.
BEGIN;
SET LOCAL synchronous_commit = off;
