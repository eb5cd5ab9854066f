/**
 * Version 1. Ids are short texts, equal for equal content where content comes from a file; positions are the order
 * of arrival, without gaps. JSON columns hold what is only read whole. Texts and history never change: triggers
 * see to it. Offsets are Unicode code points, half-open; times are ISO 8601 in UTC.
 */
export const initial = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE writer (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT NOT NULL,
  since TEXT NOT NULL,
  token TEXT NOT NULL
) STRICT;

CREATE TABLE persons (
  person_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'import', 'model', 'sample')),
  UNIQUE (name, kind)
) STRICT;

CREATE TABLE documents (
  position INTEGER PRIMARY KEY,
  document_id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  messages TEXT NOT NULL,
  passages TEXT NOT NULL,
  extra TEXT NOT NULL,
  split TEXT NOT NULL CHECK (split IN ('train', 'dev', 'test')),
  sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE responses (
  position INTEGER PRIMARY KEY,
  response_id TEXT NOT NULL UNIQUE,
  document_id TEXT NOT NULL REFERENCES documents (document_id),
  text TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  source TEXT NOT NULL,
  extra TEXT NOT NULL,
  sampling TEXT,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX responses_by_document ON responses (document_id);

CREATE TABLE annotations (
  annotation_id TEXT PRIMARY KEY,
  response_id TEXT NOT NULL REFERENCES responses (response_id),
  person_id TEXT NOT NULL REFERENCES persons (person_id),
  status TEXT NOT NULL CHECK (status IN ('draft', 'submitted')),
  critique TEXT NOT NULL,
  guideline TEXT NOT NULL,
  base TEXT,
  retracted INTEGER NOT NULL DEFAULT 0 CHECK (retracted IN (0, 1)),
  created_at TEXT NOT NULL,
  UNIQUE (response_id, person_id)
) STRICT;

CREATE TABLE spans (
  span_id TEXT PRIMARY KEY,
  annotation_id TEXT NOT NULL REFERENCES annotations (annotation_id),
  start INTEGER NOT NULL CHECK (start >= 0),
  "end" INTEGER NOT NULL CHECK ("end" > start),
  polarity TEXT NOT NULL CHECK (polarity IN ('good', 'poor', 'neutral')),
  reason TEXT NOT NULL,
  category TEXT NOT NULL,
  confidence REAL,
  quote TEXT NOT NULL,
  prefix TEXT NOT NULL,
  suffix TEXT NOT NULL,
  occurrence INTEGER NOT NULL,
  base TEXT,
  retracted INTEGER NOT NULL DEFAULT 0 CHECK (retracted IN (0, 1))
) STRICT;
CREATE INDEX spans_by_annotation ON spans (annotation_id);

CREATE TABLE history (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  person_id TEXT REFERENCES persons (person_id),
  kind TEXT NOT NULL CHECK (kind IN ('change', 'undo', 'redo', 'import', 'sample')),
  what TEXT NOT NULL,
  response_id TEXT REFERENCES responses (response_id),
  annotation_id TEXT REFERENCES annotations (annotation_id),
  step INTEGER NOT NULL,
  fold TEXT,
  patches TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_person ON history (person_id, sequence);
CREATE INDEX history_by_step ON history (step);
CREATE INDEX history_by_annotation ON history (annotation_id);

CREATE TRIGGER documents_stay BEFORE UPDATE ON documents BEGIN SELECT RAISE(ABORT, 'documents are immutable'); END;
CREATE TRIGGER responses_stay BEFORE UPDATE ON responses BEGIN SELECT RAISE(ABORT, 'responses are immutable'); END;
CREATE TRIGGER history_stays BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_keeps BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
`
