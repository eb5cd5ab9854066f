import { Failure } from '../../pipeline/failure'
import { getAnnotation } from '../../store/annotations'
import type { Db } from '../../store/database'
import type { Patch } from '../../store/patches'
import { copyIdOf, getSpan, type SpanRow } from '../../store/spans'

export const copyOf = (annotationId: string, span: SpanRow): SpanRow => ({
  ...span,
  spanId: copyIdOf(annotationId, span.spanId),
  annotationId,
  base: span.spanId
})

/** A row that was there before its making was undone. */
export const backAgain = (table: 'annotations' | 'spans', id: string): Patch => ({
  kind: 'fields',
  table,
  id,
  before: { retracted: 1 },
  after: { retracted: 0 }
})

/** A copy whose making was undone says no more what it is a copy of; one that a person took out still does. */
export const wasUndone = ({ retracted, base }: SpanRow): boolean => retracted && base === null

export const copyAgain = ({ spanId }: SpanRow, base: string): Patch => ({
  kind: 'fields',
  table: 'spans',
  id: spanId,
  before: { retracted: 1, base: null },
  after: { retracted: 0, base }
})

export interface OwnSpan {
  readonly span: SpanRow
  /** What makes it the person's own, where it is not yet. */
  readonly patches: readonly Patch[]
}

/**
 * The person's own span: the one named, or their copy of it, which is made where they have not decided on it yet.
 * @throws Failure not-found, also where they have taken it out
 */
export function ownSpan(db: Db, annotationId: string, spanId: string): OwnSpan {
  const span = decidedSpan(db, annotationId, spanId)
  if (span && !span.span.retracted) return span
  throw notThere()
}

/** The same, and what they have taken out comes back as it last stood. @throws Failure not-found */
export function takenSpan(db: Db, annotationId: string, spanId: string): OwnSpan {
  const found = decidedSpan(db, annotationId, spanId)
  if (!found) throw notThere()
  const { span } = found
  return span.retracted
    ? { span: { ...span, retracted: false }, patches: [backAgain('spans', span.spanId)] }
    : found
}

const notThere = (): Failure =>
  new Failure('not-found', 'This span is not in your annotation (any more); mark it anew.')

function decidedSpan(db: Db, annotationId: string, spanId: string): OwnSpan | null {
  const named = getSpan(db, spanId)
  if (!named) return null
  if (named.annotationId === annotationId) return { span: named, patches: [] }
  const copy = getSpan(db, copyIdOf(annotationId, spanId))
  if (copy && !wasUndone(copy)) return { span: copy, patches: [] }
  if (named.retracted || !isOfSameAnswer(db, annotationId, named)) return null
  if (copy) return { span: { ...copy, retracted: false, base: spanId }, patches: [copyAgain(copy, spanId)] }
  const row = copyOf(annotationId, named)
  return { span: row, patches: [{ kind: 'new-span', row }] }
}

function isOfSameAnswer(db: Db, annotationId: string, span: SpanRow): boolean {
  const own = getAnnotation(db, annotationId)
  const other = getAnnotation(db, span.annotationId)
  return own !== null && other !== null && !other.retracted && own.responseId === other.responseId
}
