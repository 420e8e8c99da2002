-- read_counts: every count of every writer.
SELECT writer, agency, verb, service, outcome, day, entry_count FROM counts
