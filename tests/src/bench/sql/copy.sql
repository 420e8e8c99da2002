COPY citizens (
    personal_number, place, legacy_number, full_name, detail, birth_year, birth_month, birth_day, sex,
    province, district, commune, since_year, since_month, since_day
) FROM STDIN (FORMAT csv)
