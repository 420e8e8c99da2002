-- read_kept: the answers kept under a list of agencies and requests.
SELECT
    k.agency,
    k.request,
    k.digest,
    k.body,
    k.writer,
    k.first,
    k.entry_count,
    k.at,
    k.seal
FROM unnest($1::text[], $2::bigint[]) AS asked (agency, request)
INNER JOIN kept AS k ON k.agency = asked.agency AND k.request = asked.request
