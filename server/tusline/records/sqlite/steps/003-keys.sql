-- Idempotency keys: what an owner's creations were called. A key is forgotten with its upload.
CREATE TABLE keys (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;

CREATE INDEX keys_by_upload ON keys (id);
