-- bind_nation: ties the ledger to a nation unless it is tied already; says to which it is, and to
-- which keys.
INSERT INTO nation AS n (one, id)
VALUES (true, $1)
ON CONFLICT (one) DO UPDATE SET id = n.id
RETURNING id, lasting_keys, signing_key
