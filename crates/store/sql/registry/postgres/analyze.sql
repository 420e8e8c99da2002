-- analyze: lets the database know how its tables are filled.
ANALYZE citizens
