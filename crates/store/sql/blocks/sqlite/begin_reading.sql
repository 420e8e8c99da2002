-- begin_reading: a transaction that sees one instant.
BEGIN;
