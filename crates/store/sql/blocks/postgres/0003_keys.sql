-- 0003_keys: with which keys the ledger is written, as marks that tell nobody what they are. NULL in
-- a ledger that nobody has opened since it was of an earlier build.
ALTER TABLE nation
    -- Of the keys of pseudonyms and request ids, which never change.
    ADD COLUMN lasting_keys bytea,
    -- The public half of the key that signs checkpoints.
    ADD COLUMN signing_key  bytea;
