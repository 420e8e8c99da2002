-- read_schema: the version of the schema that the file has, 0 for a new one.
SELECT user_version FROM pragma_user_version;
