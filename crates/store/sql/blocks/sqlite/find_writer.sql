-- find_writer: the writer of this name, where there is one.
SELECT id FROM writers WHERE name = ?1;
