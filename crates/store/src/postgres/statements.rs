//! Every statement of the registry, each in a file of its own that begins with its name.

use super::schema::Part;

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str =
            include_str!(concat!("../../sql/registry/postgres/", $file, ".sql"));)*

        /// Each statement with the name that its file has.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    ANALYZE = "analyze";
    BARRIER = "barrier";
    BEGIN = "begin";
    BEGIN_FINISHING = "begin_finishing";
    BEGIN_LINE = "begin_line";
    BEGIN_NATION = "begin_nation";
    BEGIN_SEEDING = "begin_seeding";
    CLEAR = "clear";
    COMMIT = "commit";
    COMPLETE = "complete";
    COPY_CITIZENS = "copy_citizens";
    END_SEEDING = "end_seeding";
    LOCK_SEEDING = "lock_seeding";
    PUT_AGENCY = "put_agency";
    PUT_CREDENTIAL = "put_credential";
    PUT_LICENCE = "put_licence";
    READ_AGENCIES = "read_agencies";
    READ_CHANGED_BY_OTHERS = "read_changed_by_others";
    READ_CHANGES = "read_changes";
    READ_CITIZENS = "read_citizens";
    READ_CREDENTIALS = "read_credentials";
    READ_EFFECTS = "read_effects";
    READ_HEAD = "read_head";
    READ_LICENCES = "read_licences";
    READ_META = "read_meta";
    READ_SEEDING = "read_seeding";
    TAKE = "take";
    WRITE = "write";
}

/// The part that lies in another database.
const THE_LEDGER: (&str, &str) = ("ledger", "the ledger");

/// The tables.
pub(super) const TABLES: Part = Part {
    name: "registry",
    steps: &[
        include_str!("../../sql/registry/postgres/0001_tables.sql"),
        include_str!("../../sql/registry/postgres/0002_line.sql"),
    ],
    apart: THE_LEDGER,
};

/// What citizens are found by, made when all of them are in.
pub(super) const INDEXES: Part = Part {
    name: "registry indexes",
    steps: &[include_str!("../../sql/registry/postgres/0001_indexes.sql")],
    apart: THE_LEDGER,
};
