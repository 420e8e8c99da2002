-- 0001_indexes: what citizens are found by.
ALTER TABLE citizens ADD PRIMARY KEY (personal_id);
CREATE INDEX citizens_by_legacy_id ON citizens (legacy_id) WHERE legacy_id IS NOT NULL;
