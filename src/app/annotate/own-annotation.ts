import type { AnnotationChange } from '../../contract/ipc'
import { Failure } from '../../pipeline/failure'
import { annotationIdOf, annotationsOf, type AnnotationRow } from '../../store/annotations'
import type { Db } from '../../store/database'
import { contentId } from '../../store/ids'
import type { Patch } from '../../store/patches'
import { copyOfSpan, getSpan, spansOf, type SpanRow } from '../../store/spans'

/** A person's annotation of an answer, and the patches that bring it into being where it is not there yet. */
export interface Own {
  readonly annotationId: string
  readonly patches: readonly Patch[]
}

/**
 * Each person has their own annotation of an answer. Whoever changes what came with the data, or from a model, gets a
 * copy of it to change; the original stays as it is.
 */
export function ownAnnotation(
  db: Db,
  responseId: string,
  personId: string,
  change: AnnotationChange,
  at: string
): Own {
  const annotations = annotationsOf(db, responseId)
  const own = annotations.find((annotation) => annotation.personId === personId)
  if (own && !own.retracted) return { annotationId: own.annotationId, patches: [] }
  if (own) return { annotationId: own.annotationId, patches: revive(db, own) }
  const others = annotations.filter(({ retracted }) => !retracted)
  return startAnnotation(db, { responseId, personId, at }, baseOf(db, others, change))
}

/** The annotation to start from: the one whose span is changed, or else what came with the data. */
function baseOf(
  db: Db,
  others: readonly AnnotationRow[],
  change: AnnotationChange
): AnnotationRow | undefined {
  if ('spanId' in change && change.type !== 'add-span') {
    const annotationId = getSpan(db, change.spanId)?.annotationId
    return others.find((annotation) => annotation.annotationId === annotationId)
  }
  return others.filter(({ kind }) => kind !== 'person').at(-1)
}

function startAnnotation(
  db: Db,
  { responseId, personId, at }: { responseId: string; personId: string; at: string },
  base: AnnotationRow | undefined
): Own {
  const annotationId = annotationIdOf(responseId, personId)
  const spans = base ? spansOf(db, base.annotationId).filter(({ retracted }) => !retracted) : []
  const row = {
    annotationId,
    responseId,
    personId,
    status: 'draft',
    critique: base?.critique ?? '',
    guideline: base?.guideline ?? '',
    base: base?.annotationId ?? null,
    retracted: false,
    createdAt: at
  } as const
  return {
    annotationId,
    patches: [
      { kind: 'new-annotation', row },
      ...spans.map((span): Patch => ({ kind: 'new-span', row: copySpan(annotationId, span) }))
    ]
  }
}

const copySpan = (annotationId: string, span: SpanRow): SpanRow => ({
  ...span,
  spanId: contentId('copy', annotationId, span.spanId),
  annotationId,
  base: span.spanId
})

/** An annotation whose making was undone comes back as it began: empty, or with the spans that it was copied with. */
function revive(db: Db, { annotationId }: AnnotationRow): Patch[] {
  const copied = spansOf(db, annotationId).filter(({ base, retracted }) => base !== null && retracted)
  const back = (table: 'annotations' | 'spans', id: string): Patch => ({
    kind: 'fields',
    table,
    id,
    before: { retracted: 1 },
    after: { retracted: 0 }
  })
  return [back('annotations', annotationId), ...copied.map(({ spanId }) => back('spans', spanId))]
}

/**
 * The person's own span: the one named, or their copy of it.
 * @throws Failure not-found
 */
export function ownSpan(db: Db, annotationId: string, spanId: string): SpanRow {
  const named = getSpan(db, spanId)
  const span = named?.annotationId === annotationId ? named : copyOfSpan(db, annotationId, spanId)
  if (span && !span.retracted) return span
  throw new Failure('not-found', 'This span is not in your annotation (any more); mark it anew.')
}
