-- put_credential
INSERT INTO credentials (digest, agency, valid_from, valid_until, revoked, debug, sandbox)
VALUES ($1, $2, $3, $4, $5, $6, $7)
