import { statement, type Db } from './database'
import { isPrediction } from './predictions'
import { searchPlaces } from './search'

export interface QueueFilter {
  readonly status: 'all' | 'unread' | 'draft' | 'submitted'
  readonly search: string
  readonly offset: number
  readonly limit: number
}

export interface QueuedRow {
  readonly responseId: string
  /** Position in the whole queue, from 1. */
  readonly number: number
  readonly title: string
  readonly source: string
  readonly status: 'unread' | 'draft' | 'submitted'
  readonly spans: number
}

/**
 * The status of an answer for one person: that of their own annotation, or else the furthest of the others'. What a
 * critic predicts is nobody's reading.
 */
const status = `
  coalesce(
    (SELECT m.status FROM annotations m
      WHERE m.response_id = r.response_id AND m.person_id = @person AND m.retracted = 0),
    (SELECT max(o.status) FROM annotations o JOIN persons p USING (person_id)
      WHERE o.response_id = r.response_id AND o.retracted = 0 AND NOT ${isPrediction}),
    'unread')`

/** Marks of people and of the data, less those of what the person has a copy of. */
const spans = `
  (SELECT count(*) FROM annotations o JOIN persons p USING (person_id) JOIN spans s USING (annotation_id)
    WHERE o.response_id = r.response_id AND o.retracted = 0 AND s.retracted = 0 AND NOT ${isPrediction}
      AND o.annotation_id NOT IN (SELECT m.base FROM annotations m
        WHERE m.response_id = r.response_id AND m.person_id = @person AND m.retracted = 0 AND m.base IS NOT NULL))`

/** One page of the queue in order of arrival. @returns rows and the number of rows that fit the filter */
export function queuePage(
  db: Db,
  personId: string,
  filter: QueueFilter
): { total: number; rows: QueuedRow[] } {
  const places = searchPlaces(db, filter.search)
  const values = { ...filter, person: personId, places: JSON.stringify(places) }
  const from = [
    'FROM responses r WHERE 1',
    ...(places ? ['AND r.position IN (SELECT value FROM json_each(@places))'] : []),
    ...(filter.status === 'all' ? [] : [`AND ${status} = @status`])
  ].join(' ')
  const total =
    filter.status === 'all'
      ? (places?.length ?? countResponses(db))
      : Number(statement(db, `SELECT count(*) ${from}`).pluck().get(values))
  // the page is cut first, so that titles and counts are read for its rows only
  const rows = statement(
    db,
    `SELECT r.position AS number, r.response_id AS responseId, d.title, r.source, ${status} AS status,
       ${spans} AS spans
     FROM (SELECT r.position ${from} ORDER BY r.position LIMIT @limit OFFSET @offset) page
     JOIN responses r USING (position) JOIN documents d USING (document_id) ORDER BY r.position`
  ).all(values)
  return { total, rows: rows as QueuedRow[] }
}

const countResponses = (db: Db): number =>
  Number(statement(db, 'SELECT count(*) FROM responses').pluck().get())
