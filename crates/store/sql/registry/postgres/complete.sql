-- complete: says which nation this is, and so that all of it is there.
INSERT INTO meta (one, nation, seed, citizens, generator, reference_date)
SELECT true, nation, seed, citizens, generator, reference_date FROM seeding
