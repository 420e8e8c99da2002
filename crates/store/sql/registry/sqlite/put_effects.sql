-- put_effects: each [number, .., .., version, agency, source, record id, record version, digest
-- in hexadecimal] of ?1.
INSERT INTO effects (agency, source, record_id, record_version, digest, number, version)
SELECT
    k.value ->> 4, k.value ->> 5, k.value ->> 6, k.value ->> 7, unhex(k.value ->> 8),
    k.value ->> 0, k.value ->> 3
FROM json_each(?1) AS k
