-- begin_reading: a transaction that sees one instant.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY
