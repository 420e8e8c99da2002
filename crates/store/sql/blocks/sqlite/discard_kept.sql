-- discard_kept: forgets the answers under a list of agencies and requests.
DELETE FROM kept
WHERE (agency, request) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1));
