-- read_kept: the answers kept under a list of agencies and requests, and whether each is forgotten.
SELECT
    kept.agency,
    kept.request,
    kept.digest,
    kept.body,
    kept.writer,
    kept.first,
    kept.entry_count,
    kept.at,
    kept.seal,
    kept.at <= ?2 AS forgotten
FROM json_each(?1) AS asked
CROSS JOIN kept ON kept.agency = asked.value ->> 0 AND kept.request = asked.value ->> 1;
