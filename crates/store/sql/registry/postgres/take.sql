-- take: notes that so many more citizens are in.
UPDATE seeding SET taken = taken + $1
