-- read_changes: up to $2 changes that follow $1, in order.
SELECT number, personal_id, legacy_id::bigint AS legacy_id
FROM changes
WHERE number > $1
ORDER BY number
LIMIT $2
