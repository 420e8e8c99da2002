-- find_meta: whether the file has the table that the row of a complete nation is in.
SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name = 'meta'
