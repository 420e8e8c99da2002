-- bind_keys: ties the ledger to keys unless it is tied already, with ?3 to the signing key ?2 also
-- where it was tied to another one, provided that the lasting keys are its own; says to which it is.
UPDATE nation
SET
    lasting_keys = coalesce(lasting_keys, ?1),
    signing_key = CASE
        WHEN signing_key IS NULL OR (?3 AND lasting_keys = ?1) THEN ?2
        ELSE signing_key
    END
RETURNING lasting_keys, signing_key;
