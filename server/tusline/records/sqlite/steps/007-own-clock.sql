-- The records' own clock, which nobody sets: how it stood when the records were last open, and since when each upload is as it is.
CREATE TABLE clock (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  own REAL NOT NULL,
  wall REAL NOT NULL,
  steady REAL NOT NULL,
  boot TEXT NOT NULL
);
ALTER TABLE uploads ADD COLUMN since REAL NOT NULL DEFAULT 0;
UPDATE uploads SET since = changed;

DROP INDEX uploads_kept;
CREATE INDEX uploads_kept ON uploads (since)
  WHERE original = 'kept' AND phase IN ('ready', 'failed');
DROP INDEX uploads_forgettable;
CREATE INDEX uploads_forgettable ON uploads (since)
  WHERE bytes = 0 AND phase IN ('rejected', 'expired', 'terminated');
