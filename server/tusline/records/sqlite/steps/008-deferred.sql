-- Whether an upload was created without its length: a creation is repeated as it was made.
ALTER TABLE uploads ADD COLUMN deferred INTEGER NOT NULL DEFAULT 0;
UPDATE uploads SET deferred = 1 WHERE length IS NULL AND members = '';
