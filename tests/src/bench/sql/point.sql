\set place random(0, :rows - 1)
SELECT personal_id, legacy_id, version, record
FROM points
WHERE place = :place;
