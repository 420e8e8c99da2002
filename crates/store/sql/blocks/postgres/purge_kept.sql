-- purge_kept: forgets answers that were kept before an instant.
DELETE FROM kept WHERE at < $1
