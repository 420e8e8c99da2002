-- read_citizens: the number of the newest change, or that at which its line began, in the row without a
-- record, and everybody who
-- has one of the personal numbers $1 (kind 1) or of the old numbers $2 (kind 2), all of one
-- moment, since one statement has one snapshot.
SELECT
    0::bigint AS kind,
    greatest(line.first, (SELECT coalesce(max(number), 0) FROM changes)) AS number,
    NULL::bytea AS record
FROM line
UNION ALL
SELECT 1 AS kind, personal_id AS number, record
FROM citizens
WHERE personal_id = ANY ($1::bigint[])
UNION ALL
SELECT 2 AS kind, legacy_id::bigint AS number, record
FROM citizens
WHERE legacy_id = ANY ($2::integer[])
