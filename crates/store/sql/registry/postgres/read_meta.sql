-- read_meta: which nation this is; no row while it is incomplete.
SELECT nation, seed, citizens, generator, reference_date FROM meta
