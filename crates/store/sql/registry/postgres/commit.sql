-- commit: makes a transaction durable.
COMMIT
