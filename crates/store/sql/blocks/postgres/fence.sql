-- fence: raises the epoch of a writer that is still held by $2, so that an append of his that is
-- still under way is refused. Waits for one that is about to commit.
UPDATE writers SET epoch = epoch + 1 WHERE id = $1 AND holder = $2 RETURNING epoch
