import type { Anchor } from '../pipeline/annotate/anchor'
import type { Polarity } from '../pipeline/annotate/span'
import { statement, type Db } from './database'
import { contentId } from './ids'

export interface SpanRow extends Anchor {
  readonly spanId: string
  readonly annotationId: string
  readonly start: number
  readonly end: number
  readonly polarity: Polarity
  readonly reason: string
  readonly category: string
  readonly confidence: number | null
  readonly base: string | null
  readonly retracted: boolean
}

/** @returns whether it was new */
export function insertSpan(db: Db, span: SpanRow): boolean {
  const { changes } = statement(
    db,
    `INSERT OR IGNORE INTO spans
         (span_id, annotation_id, start, "end", polarity, reason, category, confidence, quote, prefix, suffix,
          occurrence, base, retracted)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
  ).run(
    span.spanId,
    span.annotationId,
    span.start,
    span.end,
    span.polarity,
    span.reason,
    span.category,
    span.confidence,
    span.quote,
    span.prefix,
    span.suffix,
    span.occurrence,
    span.base,
    span.retracted ? 1 : 0
  )
  return changes > 0
}

export function getSpan(db: Db, spanId: string): SpanRow | null {
  const row = statement(db, 'SELECT * FROM spans WHERE span_id = ?').get(spanId)
  return row ? toSpan(row as RawSpan) : null
}

/** Every span of an annotation, retracted ones too, in the order in which they were made. */
export function spansOf(db: Db, annotationId: string): SpanRow[] {
  const rows = statement(db, 'SELECT * FROM spans WHERE annotation_id = ? ORDER BY rowid').all(annotationId)
  return (rows as RawSpan[]).map(toSpan)
}

/** The id of an annotation's copy of another one's span. */
export const copyIdOf = (annotationId: string, spanId: string): string =>
  contentId('copy', annotationId, spanId)

interface RawSpan extends Anchor {
  span_id: string
  annotation_id: string
  start: number
  end: number
  polarity: Polarity
  reason: string
  category: string
  confidence: number | null
  base: string | null
  retracted: number
}

function toSpan(row: RawSpan): SpanRow {
  const { span_id, annotation_id, retracted, ...rest } = row
  return { spanId: span_id, annotationId: annotation_id, retracted: retracted === 1, ...rest }
}
