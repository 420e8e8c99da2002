-- append: a whole commit; see the trigger in 0001_schema.sql.
INSERT INTO commits (
    writer, epoch, first, entry_count, at, previous, hash, entries, counts, kept
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);
