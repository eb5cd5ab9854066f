import type { OffsetUnit } from '../pipeline/annotate/code-points'
import type { DocumentRecord, PersonRecord } from '../pipeline/annotate/record'

/** What reading one record needs to know of its file. */
export interface ReadContext {
  /** In which unit the file counts offsets. */
  readonly unit: OffsetUnit
}

/** What one record says: a document with its answers, or nothing but a person or a header. */
export interface ReadRecord {
  readonly document: DocumentRecord | null
  /** What was put right on the way, in words. */
  readonly repaired: readonly string[]
}

/** Words and where the file says they are: tells in which unit the file counts. */
export interface QuotedOffsets {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly quote: string
}

/** A format that a file of records can be in. Pure: one parsed JSON value in, one record out. */
export interface RecordFormat {
  readonly name: string
  readonly aliases: readonly string[]
  /** Whose annotations these are when neither the file nor the person importing says. */
  readonly person: PersonRecord
  /** Whether the first record of a file looks like this format. */
  detects(first: unknown): boolean
  /** Spans given with their words; null where the format has none or fixes its unit. */
  readonly quotes: ((record: unknown) => readonly QuotedOffsets[]) | null
  /** A reader for one file; records come in order. @throws Failure bad-record and the codes of spans */
  reader(context: ReadContext): (record: unknown) => ReadRecord
}
