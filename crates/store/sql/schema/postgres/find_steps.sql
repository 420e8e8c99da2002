-- find_steps: whether the database has the table of what was done to its schemas.
SELECT to_regclass('schema_steps') IS NOT NULL AS found
