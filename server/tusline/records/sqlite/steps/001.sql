-- The embedded records: one row an upload, its journal, the outbox, and its timeline.
-- `commits` numbers the deltas under the newest token. `bytes` is 1 while the store may still hold something of the upload.
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  schema INTEGER NOT NULL,
  owner TEXT NOT NULL,
  phase TEXT NOT NULL,
  length INTEGER,
  offset INTEGER NOT NULL,
  metadata TEXT,
  head BLOB NOT NULL,
  created REAL NOT NULL,
  changed REAL NOT NULL,
  expires REAL,
  version INTEGER NOT NULL,
  token INTEGER NOT NULL DEFAULT 0,
  lease_until REAL NOT NULL DEFAULT 0,
  wanted INTEGER NOT NULL DEFAULT 0,
  commits INTEGER NOT NULL DEFAULT 0,
  reason_code TEXT,
  reason_message TEXT,
  content_type TEXT,
  sha256 TEXT,
  width INTEGER,
  height INTEGER,
  variants TEXT NOT NULL DEFAULT '[]',
  attempts INTEGER NOT NULL DEFAULT 0,
  job_token INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;

CREATE INDEX uploads_expiring ON uploads (expires)
  WHERE phase = 'receiving';
CREATE INDEX uploads_unsettled ON uploads (changed)
  WHERE phase = 'receiving' AND offset = length;
CREATE INDEX uploads_leftover ON uploads (changed)
  WHERE bytes = 1 AND phase IN ('rejected', 'expired', 'terminated');

CREATE TABLE journal (
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (id, seq)
) WITHOUT ROWID;

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  created REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at REAL NOT NULL,
  name TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (id, seq)
) WITHOUT ROWID;
