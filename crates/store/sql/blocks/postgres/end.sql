-- end: ends the transaction.
COMMIT
