import { anchorOf } from '../pipeline/annotate/anchor'
import type { CheckSummary } from '../contract/ipc'
import { codePointLength } from '../pipeline/annotate/code-points'
import { annotationsOf } from '../store/annotations'
import { countAll } from '../store/counts'
import type { Db } from '../store/database'
import { documentHash, documentsAfter } from '../store/documents'
import { entriesAfter, entryHash, genesis } from '../store/history'
import { sha256 } from '../store/ids'
import type { Project } from '../store/project'
import { responsesAfter, type ResponseRow } from '../store/responses'
import { spansOf } from '../store/spans'

const pageSize = 500
/** A damaged file can have no end of problems; the first say enough. */
const mostProblems = 100

/** Verifies everything stored again: the file's pages, foreign keys, hashes, quotes, and the chain of the history. */
export async function checkProject(project: Project): Promise<CheckSummary> {
  const problems: string[] = []
  const none = { documents: 0, responses: 0, annotations: 0, spans: 0 }
  const attempt = async (what: string, work: () => unknown): Promise<void> => {
    try {
      await work()
    } catch (thrown) {
      problems.push(`${what} could not be read: ${(thrown as Error).message}`)
    }
  }
  await attempt('The file', () => project.read((db) => problems.push(...pageProblems(db))))
  await attempt('The documents', () =>
    eachPage(
      project,
      documentsAfter,
      ({ position }) => position,
      (_db, document) => {
        if (documentHash(document) !== document.sha256)
          problems.push(`document ${document.documentId}: its content is not the one that was stored`)
      }
    )
  )
  await attempt('The answers', () =>
    eachPage(
      project,
      responsesAfter,
      ({ position }) => position,
      (db, response) => {
        problems.push(...responseProblems(db, response))
      }
    )
  )
  let previousHash = genesis
  await attempt('The history', () =>
    eachPage(
      project,
      entriesAfter,
      ({ sequence }) => sequence,
      (_db, { hash, ...entry }) => {
        if (entry.previousHash !== previousHash || entryHash(entry) !== hash)
          problems.push(`history entry ${entry.sequence}: the chain is broken here`)
        previousHash = hash
      }
    )
  )
  let counts = none
  await attempt('The totals', () => void (counts = project.read(countAll)))
  const { documents, responses, annotations, spans } = counts
  return {
    ok: problems.length === 0,
    documents,
    responses,
    annotations,
    spans,
    problems: problems.slice(0, mostProblems)
  }
}

/** Page by page, so that others have their turn. */
async function eachPage<Row>(
  project: Project,
  page: (db: Db, after: number, limit: number) => Row[],
  keyOf: (row: Row) => number,
  look: (db: Db, row: Row) => void
): Promise<void> {
  for (let after = 0; ;) {
    const rows = project.read((db) => page(db, after, pageSize))
    if (rows.length === 0) return
    project.read((db) => rows.forEach((row) => look(db, row)))
    after = keyOf(rows[rows.length - 1])
    await new Promise(setImmediate)
  }
}

function pageProblems(db: Db): string[] {
  const pages = (db.pragma(`integrity_check(${mostProblems})`) as { integrity_check: string }[])
    .map(({ integrity_check }) => integrity_check)
    .filter((line) => line !== 'ok')
  const keys = db.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[]
  return [
    ...pages.map((line) => `file: ${line}`),
    ...keys.map(({ table, rowid, parent }) => `${table}, row ${rowid}: it belongs to no row of ${parent}`)
  ]
}

function responseProblems(db: Db, { responseId, text, sha256: stored }: ResponseRow): string[] {
  const problems: string[] = []
  if (sha256(text) !== stored) problems.push(`answer ${responseId}: its text is not the one that was stored`)
  const length = codePointLength(text)
  for (const { annotationId } of annotationsOf(db, responseId))
    for (const span of spansOf(db, annotationId)) {
      if (span.end > length) {
        problems.push(`span ${span.spanId}: it reaches beyond its text`)
        continue
      }
      const { quote, prefix, suffix, occurrence } = anchorOf(text, span)
      if (quote !== span.quote) problems.push(`span ${span.spanId}: its quote is not where it should be`)
      else if (prefix !== span.prefix || suffix !== span.suffix || occurrence !== span.occurrence)
        problems.push(`span ${span.spanId}: the words around it are not those that were stored`)
    }
  return problems
}
