-- Concatenation: the raw header, a final upload's members (ids, blanks between them), and which pending final uploads wait for which partial ones.
ALTER TABLE uploads ADD COLUMN concat TEXT;
ALTER TABLE uploads ADD COLUMN members TEXT NOT NULL DEFAULT '';
CREATE TABLE waiting (
  member TEXT NOT NULL,
  final TEXT NOT NULL,
  PRIMARY KEY (member, final)
) WITHOUT ROWID;
CREATE INDEX waiting_finals ON waiting (final);
DROP INDEX uploads_unsettled;
CREATE INDEX uploads_unsettled ON uploads (changed)
  WHERE phase = 'receiving' AND offset = length AND (concat IS NULL OR members <> '');
CREATE INDEX uploads_pending ON uploads (changed)
  WHERE phase = 'receiving' AND offset IS NOT length AND members <> '';
