-- put_changes: each [number, personal id, legacy id, version, agency, source, ..] of ?1.
INSERT INTO changes (number, personal_id, legacy_id, version, agency, source)
SELECT
    k.value ->> 0, k.value ->> 1, k.value ->> 2, k.value ->> 3, k.value ->> 4, k.value ->> 5
FROM json_each(?1) AS k
