-- bind_nation: ties the ledger to a nation unless it is tied already; says to which it is, and to
-- which keys.
INSERT INTO nation (row, id)
VALUES (1, ?1)
ON CONFLICT (row) DO UPDATE SET id = id
RETURNING id, lasting_keys, signing_key;
