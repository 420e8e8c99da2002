-- read_changed_by_others: who was changed by any source but $1.
SELECT DISTINCT personal_id FROM changes WHERE source <> $1 ORDER BY personal_id
