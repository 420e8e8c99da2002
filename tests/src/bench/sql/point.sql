\set place random(0, :rows - 1)
SELECT
    personal_number, legacy_number, full_name, birth_year, birth_month, birth_day, sex,
    province, district, commune, detail, since_year, since_month, since_day
FROM citizens
WHERE place = :place;
