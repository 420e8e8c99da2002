-- 0001_indexes: what citizens are found by beside their number.
CREATE INDEX citizens_by_legacy_id ON citizens (legacy_id) WHERE legacy_id IS NOT NULL;
