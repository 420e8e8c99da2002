-- read_licences
SELECT
    agency, services, officers, procedures, purposes, attributes, number_alone, explain,
    authority, valid_from, valid_until
FROM licences
ORDER BY id
