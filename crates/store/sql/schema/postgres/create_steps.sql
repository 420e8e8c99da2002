-- create_steps: what was done to the schemas of this database, a row a step of a part of it.
CREATE TABLE IF NOT EXISTS schema_steps (
    part     text COLLATE "C" NOT NULL,
    step     bigint           NOT NULL,
    checksum bigint           NOT NULL,
    PRIMARY KEY (part, step)
)
