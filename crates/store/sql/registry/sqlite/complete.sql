-- complete: says which nation this is, and so that all of it is there.
INSERT INTO meta (one, schema, nation, seed, citizens, generator, reference_date)
VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
