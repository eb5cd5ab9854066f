import type { ResponseRecord, SamplingRecord } from '../pipeline/annotate/record'
import { statement, type Db } from './database'
import { contentId, sha256 } from './ids'

export interface ResponseRow {
  readonly position: number
  readonly responseId: string
  readonly documentId: string
  readonly text: string
  readonly sha256: string
  readonly source: string
  readonly extra: Readonly<Record<string, unknown>>
  readonly sampling: SamplingRecord | null
  readonly createdAt: string
}

/** `repeat` tells equal answers of one source to one prompt apart: 0 for the first. */
export const responseIdOf = (documentId: string, response: ResponseRecord, repeat: number): string =>
  contentId('response', documentId, response.source, response.text, String(repeat))

/** @returns whether it was new */
export function insertResponse(
  db: Db,
  responseId: string,
  documentId: string,
  response: ResponseRecord,
  at: string
): boolean {
  const { changes } = statement(
    db,
    `INSERT OR IGNORE INTO responses (response_id, document_id, text, sha256, source, extra, sampling, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
  ).run(
    responseId,
    documentId,
    response.text,
    sha256(response.text),
    response.source,
    JSON.stringify(response.extra),
    response.sampling ? JSON.stringify(response.sampling) : null,
    at
  )
  return changes > 0
}

export function getResponse(db: Db, responseId: string): ResponseRow | null {
  const row = statement(db, 'SELECT * FROM responses WHERE response_id = ?').get(responseId)
  return row ? toResponse(row as RawResponse) : null
}

/** At most `limit` answers after `position`, in order of arrival. */
export function responsesAfter(db: Db, position: number, limit: number): ResponseRow[] {
  const rows = statement(db, 'SELECT * FROM responses WHERE position > ? ORDER BY position LIMIT ?')
  return (rows.all(position, limit) as RawResponse[]).map(toResponse)
}

export function responsesOfDocument(db: Db, documentId: string): ResponseRow[] {
  const rows = statement(db, 'SELECT * FROM responses WHERE document_id = ? ORDER BY position')
  return (rows.all(documentId) as RawResponse[]).map(toResponse)
}

interface RawResponse {
  position: number
  response_id: string
  document_id: string
  text: string
  sha256: string
  source: string
  extra: string
  sampling: string | null
  created_at: string
}

function toResponse(row: RawResponse): ResponseRow {
  return {
    position: row.position,
    responseId: row.response_id,
    documentId: row.document_id,
    text: row.text,
    sha256: row.sha256,
    source: row.source,
    extra: JSON.parse(row.extra) as Record<string, unknown>,
    sampling: row.sampling === null ? null : (JSON.parse(row.sampling) as SamplingRecord),
    createdAt: row.created_at
  }
}
