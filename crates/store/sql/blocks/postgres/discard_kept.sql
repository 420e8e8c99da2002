-- discard_kept: forgets the answers under a list of agencies and requests.
DELETE FROM kept AS k
USING unnest($1::text[], $2::bigint[]) AS asked (agency, request)
WHERE k.agency = asked.agency AND k.request = asked.request AND NOT is_claim(k)
