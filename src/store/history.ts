import { statement, type Db } from './database'
import { canonicalJson, sha256 } from './ids'
import type { Patch } from './patches'

export type HistoryKind = 'change' | 'undo' | 'redo' | 'import' | 'sample'

/** One entry of the append-only history: who, when, and what was before and after. */
export interface HistoryEntry {
  readonly sequence: number
  readonly at: string
  readonly personId: string | null
  readonly kind: HistoryKind
  /** A short phrase for a person, such as "mark a poor span". */
  readonly what: string
  readonly responseId: string | null
  readonly annotationId: string | null
  /** The sequence number of the undo step that this belongs to: its own, or that of the entry it goes on from. */
  readonly step: number
  /** Entries of one person with the same fold, close in time, are one undo step. */
  readonly fold: string | null
  readonly patches: readonly Patch[]
  readonly previousHash: string
  readonly hash: string
}

export type NewEntry = Omit<HistoryEntry, 'sequence' | 'step' | 'previousHash' | 'hash'> & {
  /** null: the entry begins a step of its own. */
  readonly step: number | null
}

/** What the first entry follows. */
export const genesis = '0'.repeat(64)

/** Each entry's hash covers the one before, so that nothing in between can be changed unseen. */
export function entryHash(entry: Omit<HistoryEntry, 'hash'>): string {
  return sha256(canonicalJson(entry))
}

export function appendEntry(db: Db, entry: NewEntry): HistoryEntry {
  const last = statement(db, 'SELECT sequence, hash FROM history ORDER BY sequence DESC LIMIT 1').get() as
    { sequence: number; hash: string } | undefined
  const sequence = (last?.sequence ?? 0) + 1
  const unsigned = { ...entry, sequence, step: entry.step ?? sequence, previousHash: last?.hash ?? genesis }
  const signed = { ...unsigned, hash: entryHash(unsigned) }
  statement(
    db,
    `INSERT INTO history (sequence, at, person_id, kind, what, response_id, annotation_id, step, fold, patches,
       previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
  ).run(
    sequence,
    signed.at,
    signed.personId,
    signed.kind,
    signed.what,
    signed.responseId,
    signed.annotationId,
    signed.step,
    signed.fold,
    JSON.stringify(signed.patches),
    signed.previousHash,
    signed.hash
  )
  return signed
}

export const lastSequence = (db: Db): number =>
  Number(statement(db, 'SELECT coalesce(max(sequence), 0) FROM history').pluck().get())

export function lastEntryOf(db: Db, personId: string): HistoryEntry | null {
  const row = statement(db, 'SELECT * FROM history WHERE person_id = ? ORDER BY sequence DESC LIMIT 1').get(
    personId
  )
  return row ? toEntry(row as RawEntry) : null
}

/** The entries of one undo step, oldest first: changes, then their undoing and redoing. */
export function entriesOfStep(db: Db, step: number): HistoryEntry[] {
  const rows = statement(db, 'SELECT * FROM history WHERE step = ? ORDER BY sequence').all(step)
  return (rows as RawEntry[]).map(toEntry)
}

/** What a person did, as steps: enough to rebuild what can be undone and redone. */
export function stepsOf(db: Db, personId: string): { kind: HistoryKind; step: number }[] {
  const rows = statement(
    db,
    `SELECT kind, step FROM history WHERE person_id = ? AND kind IN ('change', 'undo', 'redo') ORDER BY sequence`
  )
  return rows.all(personId) as { kind: HistoryKind; step: number }[]
}

/** At most `limit` entries after `sequence`, oldest first. */
export function entriesAfter(db: Db, sequence: number, limit: number): HistoryEntry[] {
  const rows = statement(db, 'SELECT * FROM history WHERE sequence > ? ORDER BY sequence LIMIT ?')
  return (rows.all(sequence, limit) as RawEntry[]).map(toEntry)
}

interface RawEntry {
  sequence: number
  at: string
  person_id: string | null
  kind: HistoryKind
  what: string
  response_id: string | null
  annotation_id: string | null
  step: number
  fold: string | null
  patches: string
  previous_hash: string
  hash: string
}

function toEntry(row: RawEntry): HistoryEntry {
  return {
    sequence: row.sequence,
    at: row.at,
    personId: row.person_id,
    kind: row.kind,
    what: row.what,
    responseId: row.response_id,
    annotationId: row.annotation_id,
    step: row.step,
    fold: row.fold,
    patches: JSON.parse(row.patches) as Patch[],
    previousHash: row.previous_hash,
    hash: row.hash
  }
}
