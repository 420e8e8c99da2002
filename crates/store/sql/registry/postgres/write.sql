-- write: all that a transaction changes. Citizens by $1 to $4; changes and effects by $5 to $13, a
-- place each; $14 wakes the followers, with the number of the newest change. Returns how many
-- citizens there were to change.
WITH people AS (
    UPDATE citizens AS c
    SET legacy_id = n.legacy_id, version = n.version, record = n.record
    FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::bytea[])
        AS n (personal_id, legacy_id, version, record)
    WHERE c.personal_id = n.personal_id
    RETURNING c.personal_id
),

news AS (
    SELECT
        n.number, n.personal_id, n.legacy_id, n.version, n.agency, n.source, n.record_id,
        n.record_version, n.digest
    FROM unnest(
        $5::bigint[], $6::bigint[], $7::integer[], $8::integer[], $9::text[], $10::text[],
        $11::text[], $12::bigint[], $13::bytea[]
    ) AS n (
        number, personal_id, legacy_id, version, agency, source, record_id, record_version, digest
    )
),

noted AS (
    INSERT INTO changes (number, personal_id, legacy_id, version, agency, source)
    SELECT number, personal_id, legacy_id, version, agency, source FROM news
),

kept AS (
    INSERT INTO effects (
        agency, source, record_id, record_version, digest, number, version
    )
    SELECT agency, source, record_id, record_version, digest, number, version FROM news
)

SELECT count(*) AS changed, pg_notify('dancu_changes', $14) AS told FROM people
