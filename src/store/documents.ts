import type { Message, Passage } from '../pipeline/annotate/message'
import type { DocumentRecord } from '../pipeline/annotate/record'
import { splitOf, type Split } from '../pipeline/optimise/split'
import { statement, type Db } from './database'
import { canonicalJson, contentId, sha256 } from './ids'

export interface DocumentRow {
  readonly position: number
  readonly documentId: string
  readonly title: string
  readonly messages: readonly Message[]
  readonly passages: readonly Passage[]
  readonly extra: Readonly<Record<string, unknown>>
  readonly split: Split
  readonly sha256: string
  readonly createdAt: string
}

type DocumentContent = Pick<DocumentRecord, 'messages' | 'passages' | 'extra'>

/** What the id and the stored hash are made of. */
const contentOf = ({ messages, passages, extra }: DocumentContent): string =>
  canonicalJson({ messages, passages, extra })

export const documentIdOf = (document: DocumentContent): string => contentId('document', contentOf(document))
export const documentHash = (document: DocumentContent): string => sha256(contentOf(document))

const titleLength = 120

/** The last words of a user, on one line: what the queue shows. */
export function titleOf(messages: readonly Message[]): string {
  const last = messages.filter(({ role }) => role === 'user').at(-1) ?? messages.at(-1)
  const line = (last?.content ?? '')
    .slice(0, 4 * titleLength)
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...line]
  return characters.length > titleLength ? `${characters.slice(0, titleLength - 1).join('')}…` : line
}

/** @returns whether it was new */
export function insertDocument(db: Db, documentId: string, document: DocumentRecord, at: string): boolean {
  const { changes } = statement(
    db,
    `INSERT OR IGNORE INTO documents (document_id, title, messages, passages, extra, split, sha256, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
  ).run(
    documentId,
    titleOf(document.messages),
    JSON.stringify(document.messages),
    JSON.stringify(document.passages),
    JSON.stringify(document.extra),
    document.split ?? splitOf(documentId),
    documentHash(document),
    at
  )
  return changes > 0
}

export function getDocument(db: Db, documentId: string): DocumentRow | null {
  const row = statement(db, 'SELECT * FROM documents WHERE document_id = ?').get(documentId)
  return row ? toDocument(row as RawDocument) : null
}

/** At most `limit` documents after `position`, in order of arrival. */
export function documentsAfter(db: Db, position: number, limit: number): DocumentRow[] {
  const rows = statement(db, 'SELECT * FROM documents WHERE position > ? ORDER BY position LIMIT ?')
  return (rows.all(position, limit) as RawDocument[]).map(toDocument)
}

interface RawDocument {
  position: number
  document_id: string
  title: string
  messages: string
  passages: string
  extra: string
  split: Split
  sha256: string
  created_at: string
}

function toDocument(row: RawDocument): DocumentRow {
  return {
    position: row.position,
    documentId: row.document_id,
    title: row.title,
    messages: JSON.parse(row.messages) as Message[],
    passages: JSON.parse(row.passages) as Passage[],
    extra: JSON.parse(row.extra) as Record<string, unknown>,
    split: row.split,
    sha256: row.sha256,
    createdAt: row.created_at
  }
}
