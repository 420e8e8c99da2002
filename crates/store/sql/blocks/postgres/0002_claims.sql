-- 0002_claims: before its answer, a row of `kept` is the claim of whoever carries the message out.
-- Such a row has a holder and no seal.

-- Under whose claim of a writer the message was claimed; NULL in an answer.
ALTER TABLE kept ADD COLUMN holder text COLLATE "C";

-- Milliseconds since 1970 by the clock of the database, so that instances need not agree on theirs.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(EPOCH FROM clock_timestamp()) * 1000)::bigint
$$;

-- Whether a row is a claim and no answer.
CREATE FUNCTION is_claim(k kept) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT k.holder IS NOT NULL AND k.seal = ''::bytea
$$;

-- Whether nobody works under a claim any more: its writer was claimed by another process, or the
-- session of its process is over, whose lock (in the space 1684106851, "dnc" and 3) is gone with
-- it, or it is older than a message takes.
CREATE FUNCTION is_abandoned(k kept) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT k.at < now_ms() - 30000 OR NOT EXISTS (
        SELECT FROM writers AS w
        INNER JOIN pg_locks AS l ON l.objid::bigint = w.id
        WHERE w.id = k.writer
            AND w.holder = k.holder
            AND l.locktype = 'advisory'
            AND l.classid::bigint = 1684106851
            AND l.objsubid = 2
            AND l.granted
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    )
$$;

-- Whether a message with this digest may be claimed where this row stands, by this holder: it is
-- forgotten, or the holder's own claim, or that of somebody who is gone and had the same body.
CREATE FUNCTION is_free(k kept, asked_digest bytea, asking text, forgotten bigint)
RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT k.at <= forgotten OR (
        is_claim(k) AND (
            k.holder = asking OR (k.digest = asked_digest AND is_abandoned(k))
        )
    )
$$;
