-- release_writes: gives up claims of a holder; what is answered or another one's stays.
DELETE FROM kept AS k
USING (
    SELECT h.agency, h.request
    FROM kept AS h
    INNER JOIN unnest($2::text[], $3::bigint[]) AS asked (agency, request)
        ON h.agency = asked.agency AND h.request = asked.request
    WHERE h.holder = $1 AND is_claim(h)
    ORDER BY h.agency, h.request
    FOR UPDATE OF h
) AS held
CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true) AS lazily) AS session
WHERE k.agency = held.agency AND k.request = held.request
