-- set_schema: notes the version that a migration reached.
UPDATE meta SET schema = ?1
