INSERT INTO citizens (
    personal_number, place, legacy_number, full_name, detail, birth_year, birth_month, birth_day, sex,
    province, district, commune, since_year, since_month, since_day
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
