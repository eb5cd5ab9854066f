import { statement, type Db } from './database'

/** `isPrediction` of pipeline/annotate, of an annotation `o` and its person `p`. */
export const isPrediction = `(o.status = 'draft' AND p.kind = 'model')`

/** Answers that a critic, as the person it is in the store, has judged here. */
export function countPredictions(db: Db, personId: string): number {
  const row = statement(db, 'SELECT count(*) AS count FROM annotations WHERE person_id = ?').get(personId)
  return (row as { count: number }).count
}

/** The answers that a critic has judged here, in order. */
export function predictedResponses(db: Db, personId: string): string[] {
  const rows = statement(
    db,
    `SELECT a.response_id AS responseId FROM annotations a JOIN responses r USING (response_id)
       WHERE a.person_id = ? ORDER BY r.position`
  ).all(personId)
  return (rows as { responseId: string }[]).map(({ responseId }) => responseId)
}
