-- begin_seeding: opens a chunk of rows on a file that nobody else has.
BEGIN
