-- read_effects: for each [agency, source, record id, record version] of ?1 whose record had an
-- effect: the highest version that had one, and the effect of this very version.
SELECT place, highest, digest, number, version
FROM (
    SELECT
        k.key AS place,
        (
            SELECT h.record_version
            FROM effects AS h
            WHERE h.agency = k.value ->> 0
              AND h.source = k.value ->> 1
              AND h.record_id = k.value ->> 2
            ORDER BY h.record_version DESC
            LIMIT 1
        ) AS highest,
        e.digest AS digest,
        e.number AS number,
        e.version AS version
    FROM json_each(?1) AS k
    LEFT JOIN effects AS e
        ON e.agency = k.value ->> 0
        AND e.source = k.value ->> 1
        AND e.record_id = k.value ->> 2
        AND e.record_version = k.value ->> 3
)
WHERE highest IS NOT NULL
