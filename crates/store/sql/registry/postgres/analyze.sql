-- analyze: lets the database know how large its tables are, and how what citizens are found by is
-- spread. What is never searched by has no statistics: those of the records cost most.
ANALYZE citizens (personal_id, legacy_id)
