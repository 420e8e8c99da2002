-- read_effects: what the versions of sources' records did before, of those [agency, source, record
-- id, record version] of ?1 that did something.
SELECT k.key AS place, e.digest, e.number, e.version
FROM json_each(?1) AS k
CROSS JOIN effects AS e
WHERE e.agency = k.value ->> 0
  AND e.source = k.value ->> 1
  AND e.record_id = k.value ->> 2
  AND e.record_version = k.value ->> 3
