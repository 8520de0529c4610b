-- What is old is found by its time.
CREATE INDEX feature_rows_at ON feature_rows (at);

-- What the changes of a request carry, the audit trail's end when it began; for one whose work was
-- cut off, what it had done by then, as JSON.
ALTER TABLE idempotency ADD COLUMN request TEXT;
ALTER TABLE idempotency ADD COLUMN after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN done TEXT;
