-- 0001_schema: the ledger, one chain of blocks a writer, its counts, and the answers kept for
-- repeats.

-- The nation whose answers these are; one row, written when the ledger is first used.
CREATE TABLE nation (
    one boolean PRIMARY KEY CHECK (one),
    id  bytea   NOT NULL
);

-- Who may append: the holder of the last claim, under the last epoch.
CREATE TABLE writers (
    id     integer          PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name   text COLLATE "C" NOT NULL UNIQUE,
    epoch  bigint           NOT NULL,
    holder text COLLATE "C" NOT NULL
);

CREATE TABLE blocks (
    writer      bigint NOT NULL,
    first       bigint NOT NULL,
    entry_count bigint NOT NULL,
    at          bigint NOT NULL,
    previous    bytea  NOT NULL,
    hash        bytea  NOT NULL,
    entries     bytea  NOT NULL,
    PRIMARY KEY (writer, first)
);

-- Pseudonyms do not compress; the attempt would cost more than the commit.
ALTER TABLE blocks ALTER COLUMN entries SET STORAGE EXTERNAL;

CREATE TABLE counts (
    writer      bigint           NOT NULL,
    agency      text COLLATE "C" NOT NULL,
    verb        bigint           NOT NULL,
    service     bigint           NOT NULL,
    outcome     bigint           NOT NULL,
    day         bigint           NOT NULL,
    entry_count bigint           NOT NULL,
    PRIMARY KEY (writer, agency, verb, service, outcome, day)
);

-- Every commit updates some of these rows: room on their page keeps the index out of it.
ALTER TABLE counts SET (fillfactor = 50);

CREATE TABLE kept (
    agency      text COLLATE "C" NOT NULL,
    request     bigint           NOT NULL,
    digest      bytea            NOT NULL,
    body        bytea            NOT NULL,
    writer      bigint           NOT NULL,
    first       bigint           NOT NULL,
    entry_count bigint           NOT NULL,
    at          bigint           NOT NULL,
    seal        bytea            NOT NULL,
    PRIMARY KEY (agency, request)
);

CREATE INDEX kept_at ON kept (at);

-- Nothing of ours alters or removes a block. The role that owns the table takes the right to from
-- itself, and a superuser's slip is stopped by the triggers. Whoever grants himself the right on
-- purpose is found by the chain instead. A role that only appends needs no more than: SELECT and
-- INSERT on nation, blocks and writers, UPDATE on writers and nation, SELECT, INSERT and UPDATE on
-- counts, SELECT, INSERT, UPDATE and DELETE on kept, SELECT on schema_steps.
REVOKE UPDATE, DELETE, TRUNCATE ON blocks FROM CURRENT_USER;

CREATE FUNCTION blocks_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'blocks are not altered or removed';
END
$$;

CREATE TRIGGER blocks_stay
BEFORE UPDATE OR DELETE OR TRUNCATE ON blocks
FOR EACH STATEMENT EXECUTE FUNCTION blocks_stay();
