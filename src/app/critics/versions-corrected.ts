import { annotationsOf, type AnnotationRow } from '../../store/annotations'
import type { CriticPerson } from '../../store/critics'
import type { Db } from '../../store/database'
import { spansOf } from '../../store/spans'

/** Versions of the critics whose predictions an annotation began as, or took marks from. */
export function versionsCorrected(
  db: Db,
  { responseId, annotationId, base }: AnnotationRow,
  critics: ReadonlyMap<string, CriticPerson>
): string[] {
  const bases = new Set(spansOf(db, annotationId).map((span) => span.base))
  return annotationsOf(db, responseId).flatMap((predicted) => {
    const critic = critics.get(predicted.personId)
    if (!critic) return []
    const taken = spansOf(db, predicted.annotationId).some(({ spanId }) => bases.has(spanId))
    return taken || predicted.annotationId === base ? [critic.version] : []
  })
}
