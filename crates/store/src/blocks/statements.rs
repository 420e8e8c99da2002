//! The statements of the ledger's SQLite file, each in a file of its own.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/blocks/sqlite/", $file));)*

        /// Every one of them, for the test that prepares them.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    BEGIN = "begin.sql";
    BEGIN_READING = "begin_reading.sql";
    END = "end.sql";
    READ_SCHEMA = "read_schema.sql";
    BIND_KEYS = "bind_keys.sql";
    BIND_NATION = "bind_nation.sql";
    FIND_WRITER = "find_writer.sql";
    CLAIM_WRITER = "claim_writer.sql";
    APPEND = "append.sql";
    READ_BLOCKS = "read_blocks.sql";
    READ_BLOCK_BEFORE = "read_block_before.sql";
    READ_HEADS = "read_heads.sql";
    READ_COUNTS = "read_counts.sql";
    READ_KEPT = "read_kept.sql";
    DISCARD_KEPT = "discard_kept.sql";
    PURGE_KEPT = "purge_kept.sql";
}

/// The steps of the schema; one that has landed is never edited.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../sql/blocks/sqlite/0001_schema.sql"),
    include_str!("../../sql/blocks/sqlite/0002_answered_once.sql"),
    include_str!("../../sql/blocks/sqlite/0003_keys.sql"),
    include_str!("../../sql/blocks/sqlite/0004_counts_by_day.sql"),
];

/// What is said of a file in which not all of these were taken, to who only reads it.
pub(super) const EARLIER: &str = "read a ledger of an earlier build: serving it brings it to this one's \
                                  form, and the build that wrote it reads it as it is";
