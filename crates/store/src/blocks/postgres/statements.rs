//! The statements of the ledger in PostgreSQL, each in a file of its own.

use crate::postgres::schema::Part;

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str =
            include_str!(concat!("../../../sql/blocks/postgres/", $file, ".sql"));)*

        /// Each statement with the name that its file has.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    APPEND = "append";
    BEGIN_READING = "begin_reading";
    BIND_KEYS = "bind_keys";
    BIND_NATION = "bind_nation";
    CLAIM_WRITER = "claim_writer";
    CLAIM_WRITES = "claim_writes";
    DISCARD_KEPT = "discard_kept";
    END = "end";
    FENCE = "fence";
    FIND_WRITER = "find_writer";
    PROBE = "probe";
    PURGE_KEPT = "purge_kept";
    READ_BLOCKS = "read_blocks";
    READ_BLOCK_BEFORE = "read_block_before";
    READ_COUNTS = "read_counts";
    READ_HASH = "read_hash";
    READ_HEADS = "read_heads";
    RELEASE_WRITES = "release_writes";
}

/// The tables.
pub(super) const TABLES: Part = Part {
    name: "ledger",
    steps: &[
        include_str!("../../../sql/blocks/postgres/0001_schema.sql"),
        include_str!("../../../sql/blocks/postgres/0002_claims.sql"),
        include_str!("../../../sql/blocks/postgres/0003_keys.sql"),
    ],
    apart: ("registry", "a registry"),
};
