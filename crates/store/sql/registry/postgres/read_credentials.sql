-- read_credentials
SELECT digest, agency, valid_from, valid_until, revoked, debug, sandbox
FROM credentials
ORDER BY digest
