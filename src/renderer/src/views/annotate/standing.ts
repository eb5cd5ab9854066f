import type { AnnotationView } from '../../../../contract/ipc'

/** The annotations of an answer, sorted by what they are to the person at work. */
export interface Standing {
  /** The person's own, or what came with the data and becomes their own copy with the first change. */
  readonly own: AnnotationView | undefined
  /** What others said, less what `own` was copied from. */
  readonly others: readonly AnnotationView[]
}

export function standingOf(annotations: readonly AnnotationView[]): Standing {
  const mine = annotations.find((annotation) => annotation.mine)
  const base = mine ? undefined : annotations.filter(({ kind }) => kind !== 'person').at(-1)
  const own = mine ?? base
  return { own, others: annotations.filter((one) => one !== own && one.annotationId !== mine?.base) }
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
