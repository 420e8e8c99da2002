CREATE TABLE points AS
SELECT row_number() OVER (ORDER BY personal_id) - 1 AS place, personal_id, legacy_id, version, record
FROM citizens;
ALTER TABLE points ADD PRIMARY KEY (place);
ANALYZE points;
