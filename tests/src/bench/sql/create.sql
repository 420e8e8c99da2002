CREATE TABLE citizens (
    personal_number BIGINT PRIMARY KEY,
    place BIGINT NOT NULL UNIQUE,
    legacy_number BIGINT,
    full_name TEXT NOT NULL,
    birth_year INT NOT NULL,
    birth_month INT NOT NULL,
    birth_day INT NOT NULL,
    sex INT NOT NULL,
    province INT NOT NULL,
    district INT NOT NULL,
    commune INT NOT NULL,
    detail TEXT NOT NULL,
    since_year INT NOT NULL,
    since_month INT NOT NULL,
    since_day INT NOT NULL
)
