import type { AnnotationChange } from '../../contract/ipc'
import { isPrediction } from '../../pipeline/annotate/prediction'
import { annotationIdOf, annotationsOf, getAnnotation, type AnnotationRow } from '../../store/annotations'
import type { Db } from '../../store/database'
import type { Patch } from '../../store/patches'
import { copyIdOf, getSpan, spansOf } from '../../store/spans'
import { backAgain, copyAgain, copyOf, wasUndone } from './own-span'

/** A person's annotation of an answer, and the patches that bring it into being where it is not there yet. */
export interface Own {
  readonly annotationId: string
  readonly patches: readonly Patch[]
}

/**
 * Each person has their own annotation of an answer. Whoever changes what came with the data gets a copy of it to
 * change; of what a critic predicted, only the marks that they decide on. The original stays as it is.
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

/** The annotation to start from: the one that the change names, unless that is a prediction beside what came as data. */
function baseOf(
  db: Db,
  others: readonly AnnotationRow[],
  change: AnnotationChange
): AnnotationRow | undefined {
  const namedId = namedBy(db, change)
  const named = others.find(({ annotationId }) => annotationId === namedId)
  if (named && !isPrediction(named)) return named
  return others.filter((other) => other.kind !== 'person' && !isPrediction(other)).at(-1) ?? named
}

function namedBy(db: Db, change: AnnotationChange): string | undefined {
  if ('spanId' in change && change.type !== 'add-span') return getSpan(db, change.spanId)?.annotationId
  return change.type === 'set-status' ? change.agreesWith : undefined
}

function startAnnotation(
  db: Db,
  { responseId, personId, at }: { responseId: string; personId: string; at: string },
  base: AnnotationRow | undefined
): Own {
  const annotationId = annotationIdOf(responseId, personId)
  const copied = base && !isPrediction(base) ? base : undefined
  const spans = copied ? spansOf(db, copied.annotationId).filter(({ retracted }) => !retracted) : []
  const row = {
    annotationId,
    responseId,
    personId,
    status: 'draft',
    critique: copied?.critique ?? '',
    guideline: copied?.guideline ?? '',
    base: base?.annotationId ?? null,
    retracted: false,
    createdAt: at
  } as const
  return {
    annotationId,
    patches: [
      { kind: 'new-annotation', row },
      ...spans.map((span): Patch => ({ kind: 'new-span', row: copyOf(annotationId, span) }))
    ]
  }
}

/** An annotation whose making was undone comes back as it began: empty, or with the spans that it was copied with. */
function revive(db: Db, { annotationId, base }: AnnotationRow): Patch[] {
  const from = base === null ? null : getAnnotation(db, base)
  const spans = from && !isPrediction(from) ? spansOf(db, from.annotationId) : []
  return [
    backAgain('annotations', annotationId),
    ...spans.flatMap((span) => {
      const copy = getSpan(db, copyIdOf(annotationId, span.spanId))
      return copy && wasUndone(copy) ? [copyAgain(copy, span.spanId)] : []
    })
  ]
}
