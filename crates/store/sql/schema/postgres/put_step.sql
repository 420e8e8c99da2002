-- put_step: notes that a step was taken.
INSERT INTO schema_steps (part, step, checksum) VALUES ($1, $2, $3)
