-- put_citizens: each [personal id, legacy id, version, offset, length] of ?1, its record cut out
-- of ?2. No event gives anybody another old number: set once more, its index would be written anew.
INSERT INTO citizens (personal_id, legacy_id, version, record)
SELECT k.value ->> 0, k.value ->> 1, k.value ->> 2, substr(?2, k.value ->> 3, k.value ->> 4)
FROM json_each(?1) AS k
WHERE true
ON CONFLICT (personal_id) DO UPDATE SET
    version = excluded.version,
    record = excluded.record
