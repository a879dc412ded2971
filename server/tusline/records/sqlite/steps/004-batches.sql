-- Batches: what a client calls the files that count together.
ALTER TABLE uploads ADD COLUMN batch TEXT;

CREATE INDEX uploads_by_batch ON uploads (owner, batch) WHERE batch IS NOT NULL;
