-- put_licence: in the order of the directory.
INSERT INTO licences (
    agency, services, officers, procedures, purposes, attributes, number_alone, explain,
    authority, valid_from, valid_until
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
