-- end_seeding: the nation is complete.
DELETE FROM seeding
