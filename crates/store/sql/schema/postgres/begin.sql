-- begin: opens the transaction that changes a schema.
BEGIN
