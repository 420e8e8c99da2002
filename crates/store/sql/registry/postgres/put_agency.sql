-- put_agency
INSERT INTO agencies (code, name, kind, valid_from, valid_until, successor, assumed)
VALUES ($1, $2, $3, $4, $5, $6, $7)
