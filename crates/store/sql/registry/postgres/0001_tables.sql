-- 0001_tables: the tables of a registry. How citizens are found follows in 0001_indexes, once all
-- rows are in.

-- One row, written last: a registry without it is not complete.
CREATE TABLE meta (
    one            boolean PRIMARY KEY CHECK (one),
    nation         bytea   NOT NULL,
    seed           bigint  NOT NULL,
    citizens       bigint  NOT NULL,
    generator      bigint  NOT NULL,
    reference_date bigint  NOT NULL
);

-- One row while a nation is being seeded: which, and how many of its citizens are in.
CREATE TABLE seeding (
    one            boolean PRIMARY KEY CHECK (one),
    nation         bytea   NOT NULL,
    seed           bigint  NOT NULL,
    citizens       bigint  NOT NULL,
    generator      bigint  NOT NULL,
    reference_date bigint  NOT NULL,
    taken          bigint  NOT NULL
);

-- The record as one value beside the columns that it is found by. A version is an unsigned number
-- of 32 bits, stored by its bits.
CREATE TABLE citizens (
    personal_id bigint  NOT NULL,
    legacy_id   integer,
    version     integer NOT NULL,
    record      bytea   NOT NULL
);

-- What changed, numbered in commit order without gaps.
CREATE TABLE changes (
    number      bigint           PRIMARY KEY,
    personal_id bigint           NOT NULL,
    legacy_id   integer,
    version     integer          NOT NULL,
    agency      text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL
);

-- What each version of a source's record did: once, for ever. A record's version is an unsigned
-- number of 64 bits, stored by its bits.
CREATE TABLE effects (
    agency         text COLLATE "C" NOT NULL,
    source         text COLLATE "C" NOT NULL,
    record_id      text COLLATE "C" NOT NULL,
    record_version bigint           NOT NULL,
    digest         bytea            NOT NULL,
    number         bigint           NOT NULL,
    version        integer          NOT NULL,
    PRIMARY KEY (agency, source, record_id, record_version)
);

-- Dates are numbers YYYYMMDD, both ends included; NULL is open.
CREATE TABLE agencies (
    code        text COLLATE "C" PRIMARY KEY,
    name        text             NOT NULL,
    kind        bigint           NOT NULL,
    valid_from  bigint,
    valid_until bigint,
    successor   text COLLATE "C",
    assumed     boolean          NOT NULL
);

CREATE TABLE credentials (
    digest      bytea            PRIMARY KEY,
    agency      text COLLATE "C" NOT NULL,
    valid_from  bigint,
    valid_until bigint,
    revoked     boolean          NOT NULL,
    debug       boolean          NOT NULL,
    sandbox     boolean          NOT NULL
);

-- Lists are texts with one item a line.
CREATE TABLE licences (
    id           bigint           PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    agency       text COLLATE "C" NOT NULL,
    services     text             NOT NULL,
    officers     text             NOT NULL,
    procedures   text             NOT NULL,
    purposes     bigint           NOT NULL,
    attributes   bigint           NOT NULL,
    number_alone boolean          NOT NULL,
    explain      boolean          NOT NULL,
    authority    text             NOT NULL,
    valid_from   bigint,
    valid_until  bigint
);
