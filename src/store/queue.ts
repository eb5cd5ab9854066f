import { statement, type Db } from './database'

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
 * The status of an answer for one person: that of their own annotation, or else the furthest of the others'.
 * `?1` is the person.
 */
const statusOf = `
  coalesce(
    (SELECT m.status FROM annotations m WHERE m.response_id = r.response_id AND m.person_id = ?1 AND m.retracted = 0),
    (SELECT max(o.status) FROM annotations o WHERE o.response_id = r.response_id AND o.retracted = 0),
    'unread')`

/** One page of the queue in order of arrival. @returns rows and the number of rows that fit the filter */
export function queuePage(
  db: Db,
  personId: string,
  { status, search, offset, limit }: QueueFilter
): { total: number; rows: QueuedRow[] } {
  const places = searchPlaces(db, search)
  const values = { person: personId, status, offset, limit, places: places ? JSON.stringify(places) : null }
  const numbered = (sql: string): string =>
    sql.replaceAll('?1', '@person').replaceAll('{status}', statusOf.replaceAll('?1', '@person'))
  const among = places ? 'r.position IN (SELECT value FROM json_each(@places))' : '1'
  const having = status === 'all' ? '1' : '{status} = @status'
  const from = `FROM responses r WHERE ${among} AND ${having}`
  const total =
    status === 'all'
      ? (places?.length ?? countResponses(db))
      : Number(
          statement(db, numbered(`SELECT count(*) ${from}`))
            .pluck()
            .get(bound(values, from))
        )
  const rows = statement(
    db,
    numbered(
      `SELECT page.position AS number, r.response_id AS responseId, d.title, r.source, {status} AS status,
         (SELECT count(*) FROM annotations a JOIN spans s USING (annotation_id)
           WHERE a.response_id = r.response_id AND a.retracted = 0 AND s.retracted = 0) AS spans
       FROM (SELECT r.position ${from} ORDER BY r.position LIMIT @limit OFFSET @offset) page
       JOIN responses r USING (position) JOIN documents d USING (document_id) ORDER BY page.position`
    )
  ).all(bound(values, `{status} ${from} @limit @offset`))
  return { total, rows: rows as QueuedRow[] }
}

const countResponses = (db: Db): number =>
  Number(statement(db, 'SELECT count(*) FROM responses').pluck().get())

/** SQLite refuses a value that the statement does not name. */
function bound(values: Record<string, unknown>, sql: string): Record<string, unknown> {
  const named = sql.replaceAll('{status}', '@person')
  return Object.fromEntries(Object.entries(values).filter(([name]) => named.includes(`@${name}`)))
}

/**
 * Positions of the answers that hold every word of the search (in prompt title or answer), each as the beginning of a
 * word; if there is none, or the script writes no spaces, those that hold the search as it is, anywhere.
 * @returns null when nothing is searched for
 */
function searchPlaces(db: Db, search: string): number[] | null {
  const wanted = search.trim()
  if (wanted === '') return null
  const words = wanted.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  if (words.length > 0 && !/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(wanted)) {
    const query = words.map((word) => `"${word}"*`).join(' AND ')
    const found = statement(db, 'SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid')
      .pluck()
      .all(query)
    if (found.length > 0) return found as number[]
  }
  return statement(
    db,
    `SELECT r.position FROM responses r JOIN documents d USING (document_id)
     WHERE r.text LIKE ?1 ESCAPE '\\' OR d.title LIKE ?1 ESCAPE '\\' ORDER BY r.position`
  )
    .pluck()
    .all(`%${wanted.replace(/[\\%_]/g, '\\$&')}%`) as number[]
}
