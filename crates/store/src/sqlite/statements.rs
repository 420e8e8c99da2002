//! Every statement of the registry, each in a file of its own that begins with its name.

macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$meta])* pub(super) const $name: &str =
            include_str!(concat!("../../sql/registry/sqlite/", $file, ".sql"));)*

        /// Each statement with the name that its file has.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    BEGIN = "begin";
    BEGIN_SEEDING = "begin_seeding";
    COMMIT = "commit";
    COMPLETE = "complete";
    FIND_META = "find_meta";
    PUT_AGENCY = "put_agency";
    PUT_CHANGES = "put_changes";
    PUT_CITIZENS = "put_citizens";
    PUT_CREDENTIAL = "put_credential";
    PUT_EFFECTS = "put_effects";
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
    SEED_CITIZEN = "seed_citizen";
    SEED_CITIZENS = "seed_citizens";
    SET_SCHEMA = "set_schema";
}
