-- begin_nation: notes which nation is going to be seeded.
INSERT INTO seeding (one, nation, seed, citizens, generator, reference_date, taken)
VALUES (true, $1, $2, $3, $4, $5, 0)
