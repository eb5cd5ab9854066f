import { statement, type Db } from './database'

/** Position of the last answer that the index holds; those after it are looked through as they are. */
const lastIndexed = (db: Db): number =>
  Number(statement(db, 'SELECT rowid FROM search ORDER BY rowid DESC LIMIT 1').pluck().get() ?? 0)

/**
 * Indexes the next answers, inside a transaction of the caller. In one statement, because the index is written out
 * whenever a statement ends.
 * @returns whether there may be more
 */
export function indexBatch(db: Db, limit: number): boolean {
  const { changes } = statement(
    db,
    `INSERT INTO search (rowid, title, text)
       SELECT r.position, d.title, r.text FROM responses r JOIN documents d USING (document_id)
       WHERE r.position > ? ORDER BY r.position LIMIT ?`
  ).run(lastIndexed(db), limit)
  return changes === limit
}

/** Of a longer search the first words are looked for. */
const mostWords = 16

/** Scripts that write no spaces: the index takes a whole clause for a word. */
const withoutSpaces = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u

/**
 * Positions of the answers that hold every word of the search (in prompt title or answer), each as the beginning of a
 * word; if there is none, or the script writes no spaces, those that hold the search as it is, anywhere.
 * @returns null when nothing is searched for
 */
export function searchPlaces(db: Db, search: string): number[] | null {
  const wanted = search.trim()
  if (wanted === '') return null
  const words = (wanted.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).slice(0, mostWords)
  if (words.length > 0 && !withoutSpaces.test(wanted)) {
    const found = [...findWords(db, words), ...findAnywhere(db, words, lastIndexed(db))]
    if (found.length > 0) return found
  }
  return findAnywhere(db, [wanted], 0)
}

function findWords(db: Db, words: readonly string[]): number[] {
  const query = words.map((word) => `"${word}"*`).join(' AND ')
  return statement(db, 'SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid')
    .pluck()
    .all(query) as number[]
}

/** Positions after `after` of the answers that hold all of the pieces, as they are but for case. */
function findAnywhere(db: Db, pieces: readonly string[], after: number): number[] {
  const holds = pieces.map((_, i) => `(r.text LIKE @p${i} ESCAPE '\\' OR d.title LIKE @p${i} ESCAPE '\\')`)
  const patterns = pieces.map((piece, i) => [`p${i}`, `%${piece.replace(/[\\%_]/g, '\\$&')}%`])
  return db
    .prepare(
      `SELECT r.position FROM responses r JOIN documents d USING (document_id)
       WHERE r.position > @after AND ${holds.join(' AND ')} ORDER BY r.position`
    )
    .pluck()
    .all({ after, ...Object.fromEntries(patterns) }) as number[]
}
