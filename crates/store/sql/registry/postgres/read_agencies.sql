-- read_agencies
SELECT code, name, kind, valid_from, valid_until, successor, assumed FROM agencies ORDER BY code
