-- seed_citizen: one of those who are left when no 256 are.
INSERT INTO citizens (personal_id, legacy_id, version, record)
VALUES (?, ?, ?, ?)
