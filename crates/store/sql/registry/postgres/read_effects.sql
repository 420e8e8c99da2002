-- read_effects: what the versions of sources' records did before, of those (agency, source, record
-- id, record version) that did something; the place counts from 1.
SELECT k.place, e.digest, e.number, e.version
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    WITH ORDINALITY AS k (agency, source, record_id, record_version, place)
INNER JOIN effects AS e
    ON e.agency = k.agency
    AND e.source = k.source
    AND e.record_id = k.record_id
    AND e.record_version = k.record_version
