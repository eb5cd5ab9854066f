import type { Amounts, ProjectAmounts } from '../pipeline/annotate/amounts'
import { statement, type Db } from './database'
import { isPrediction } from './predictions'

/** Rows to go through, for somebody who goes through them all. */
export const countRows = (db: Db): Pick<Amounts, 'documents' | 'responses'> =>
  statement(
    db,
    `SELECT (SELECT count(*) FROM documents) AS documents, (SELECT count(*) FROM responses) AS responses`
  ).get() as Pick<Amounts, 'documents' | 'responses'>

/** How much a project holds, without what was retracted. */
export function countAll(db: Db): ProjectAmounts {
  return statement(
    db,
    `SELECT
       (SELECT count(*) FROM documents) AS documents,
       (SELECT count(*) FROM responses) AS responses,
       (SELECT count(*) FROM annotations WHERE retracted = 0) AS annotations,
       (SELECT count(*) FROM spans JOIN annotations a USING (annotation_id)
         WHERE spans.retracted = 0 AND a.retracted = 0) AS spans,
       (SELECT count(*) FROM responses r WHERE NOT EXISTS
         (SELECT 1 FROM annotations o JOIN persons p USING (person_id)
           WHERE o.response_id = r.response_id AND o.retracted = 0 AND NOT ${isPrediction})) AS unread,
       (SELECT count(*) FROM runs) AS runs`
  ).get() as ProjectAmounts
}
