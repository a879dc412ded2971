-- Retention: an original is 'kept', 'going' (to be deleted) or 'gone'; records of uploads without bytes are forgotten some day.
ALTER TABLE uploads ADD COLUMN original TEXT NOT NULL DEFAULT 'kept';

CREATE INDEX uploads_kept ON uploads (changed)
  WHERE original = 'kept' AND phase IN ('ready', 'failed');
CREATE INDEX uploads_going ON uploads (changed)
  WHERE original = 'going' AND phase IN ('ready', 'failed');
CREATE INDEX uploads_forgettable ON uploads (changed)
  WHERE bytes = 0 AND phase IN ('rejected', 'expired', 'terminated');
