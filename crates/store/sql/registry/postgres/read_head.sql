-- read_head: the number of the newest change.
SELECT coalesce(max(number), 0) AS head FROM changes
