-- barrier: makes the commit of this transaction wait for the disk, and for the standby where
-- there is a synchronous one, so that what was found in it is durable as well.
SELECT pg_logical_emit_message(true, 'dancu', '')::text AS place
