import type { AnnotationView } from '../../../../contract/ipc'
import { isPrediction } from '../../../../pipeline/annotate/prediction'

/** The annotations of an answer, sorted by what they are to the person at work. */
export interface Standing {
  /** The person's own, or what came with the data and becomes their own copy with the first change. */
  readonly own: AnnotationView | undefined
  /** What others said, less what `own` was copied from, and of what critics predict what is not decided on yet. */
  readonly others: readonly AnnotationView[]
}

export function standingOf(annotations: readonly AnnotationView[]): Standing {
  const mine = annotations.find((annotation) => annotation.mine)
  const data = annotations.filter((one) => one.kind !== 'person' && !isPrediction(one)).at(-1)
  const own = mine ?? data
  const decided = new Set([...(mine?.spans.map(({ base }) => base) ?? []), ...(mine?.refused ?? [])])
  const others = annotations.flatMap((one) => {
    if (one === own) return []
    if (isPrediction(one)) return [{ ...one, spans: one.spans.filter(({ spanId }) => !decided.has(spanId)) }]
    return one.annotationId === mine?.base ? [] : [one]
  })
  return { own, others }
}

/**
 * Whose marks train, if the person's own were submitted now: whatever was submitted, and not what somebody corrected.
 * The same choice as the one made when a run begins.
 */
export function trainingAnnotations(
  annotations: readonly AnnotationView[],
  ownId: string | undefined
): ReadonlySet<string> {
  const live = annotations.filter((one) => one.status === 'submitted' || one.annotationId === ownId)
  const corrected = new Set(live.map(({ base }) => base))
  return new Set(live.map(({ annotationId }) => annotationId).filter((id) => !corrected.has(id)))
}
