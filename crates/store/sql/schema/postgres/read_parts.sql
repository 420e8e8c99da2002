-- read_parts: what has a schema in this database.
SELECT DISTINCT part FROM schema_steps
