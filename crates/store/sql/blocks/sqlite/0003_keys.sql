-- With which keys the ledger is written, as marks that tell nobody what they are. NULL in a ledger
-- that nobody has opened since it was of an earlier build.

-- Of the keys of pseudonyms and request ids, which never change.
ALTER TABLE nation ADD COLUMN lasting_keys BLOB;

-- The public half of the key that signs checkpoints.
ALTER TABLE nation ADD COLUMN signing_key BLOB;

PRAGMA user_version = 3;
