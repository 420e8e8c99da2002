-- read_steps: the steps that part $1 has, in order.
SELECT step, checksum FROM schema_steps WHERE part = $1 ORDER BY step
