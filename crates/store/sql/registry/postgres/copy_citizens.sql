-- copy_citizens: takes citizens in the binary form of COPY.
COPY citizens (personal_id, legacy_id, version, record) FROM STDIN (FORMAT binary)
