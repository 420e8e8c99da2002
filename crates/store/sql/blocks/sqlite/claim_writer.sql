-- claim_writer: makes the writer, or raises its epoch, so that older holders append no more.
INSERT INTO writers (name, epoch)
VALUES (?1, 1)
ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1
RETURNING id, epoch;
