-- read_seeding: which nation is being seeded, and how many of its citizens are in.
SELECT nation, seed, citizens, generator, reference_date, taken FROM seeding
