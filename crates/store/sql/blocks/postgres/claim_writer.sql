-- claim_writer: makes the writer, or takes it over, so that older holders append no more.
INSERT INTO writers AS w (name, epoch, holder)
VALUES ($1, 1, gen_random_uuid()::text)
ON CONFLICT (name) DO UPDATE SET epoch = w.epoch + 1, holder = excluded.holder
RETURNING id::bigint AS id, epoch, holder
