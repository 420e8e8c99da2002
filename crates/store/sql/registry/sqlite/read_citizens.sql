-- read_citizens: the number of the newest change in the row without a record, and everybody who
-- has one of the personal numbers ?1 or of the old numbers ?2, all of one moment, since one
-- statement is one read transaction. The place of a personal number is its index in ?1; that of
-- an old one is its index in ?2 counted down from -1.
SELECT (SELECT coalesce(max(number), 0) FROM changes) AS place, NULL AS record
UNION ALL
SELECT k.key AS place, c.record AS record
FROM json_each(?1) AS k
CROSS JOIN citizens AS c
WHERE c.personal_id = k.value
UNION ALL
SELECT -1 - k.key AS place, c.record AS record
FROM json_each(?2) AS k
CROSS JOIN citizens AS c
WHERE c.legacy_id = k.value
