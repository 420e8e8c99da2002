-- begin: a transaction that makes the schema; nobody else may write meanwhile.
BEGIN IMMEDIATE;
