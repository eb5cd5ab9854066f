import { statement, type Db } from './database'

/** The index of a run; its folder is the truth. */
export interface RunRow {
  readonly runId: string
  readonly dir: string
  readonly name: string
  readonly source: 'annotated' | 'rollouts'
  readonly state: string
  readonly step: number
  readonly steps: number
  readonly startedAt: string
}

/** Adds a run to the index, or brings its row up to date. */
export function putRun(db: Db, run: RunRow): void {
  statement(
    db,
    `INSERT INTO runs (run_id, dir, name, source, state, step, steps, started_at)
     VALUES (@runId, @dir, @name, @source, @state, @step, @steps, @startedAt)
     ON CONFLICT (run_id) DO UPDATE SET dir = @dir, name = @name, state = @state, step = @step, steps = @steps`
  ).run(run)
}

export function getRun(db: Db, runId: string): RunRow | null {
  const row = statement(db, `${select} WHERE run_id = ?`).get(runId) as RunRow | undefined
  return row ?? null
}

/** Newest first. */
export const listRuns = (db: Db): RunRow[] =>
  statement(db, `${select} ORDER BY started_at DESC, run_id`).all() as RunRow[]

const select = `SELECT run_id AS runId, dir, name, source, state, step, steps, started_at AS startedAt FROM runs`

/** Writes down which annotations, as they stood after entry `sequence` of the history, a run learns from. */
export function recordLineage(
  db: Db,
  runId: string,
  annotationIds: readonly string[],
  sequence: number
): void {
  const insert = statement(
    db,
    'INSERT OR IGNORE INTO run_annotations (run_id, annotation_id, history_sequence) VALUES (?, ?, ?)'
  )
  for (const annotationId of annotationIds) insert.run(runId, annotationId, sequence)
}

/** The runs that learned from an annotation. */
export const runsThatLearnedFrom = (db: Db, annotationId: string): string[] =>
  statement(db, 'SELECT run_id FROM run_annotations WHERE annotation_id = ? ORDER BY run_id')
    .pluck()
    .all(annotationId) as string[]
