/**
 * Version 2: the index of training runs (a run's folder is its truth) and their lineage: which annotation, as it
 * stood at which point of the history, a run learned from.
 */
export const runs = `
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY,
  dir TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('annotated', 'rollouts')),
  state TEXT NOT NULL,
  step INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  started_at TEXT NOT NULL
) STRICT;

CREATE TABLE run_annotations (
  run_id TEXT NOT NULL REFERENCES runs (run_id),
  annotation_id TEXT NOT NULL REFERENCES annotations (annotation_id),
  history_sequence INTEGER NOT NULL,
  PRIMARY KEY (run_id, annotation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_annotation ON run_annotations (annotation_id);
`
