import type { AnnotationView, SpanView } from '../../../../contract/ipc'
import { isPrediction } from '../../../../pipeline/annotate/prediction'

/** What people and the data say of an answer: no predictions, and nothing that somebody corrected. */
export function readings(annotations: readonly AnnotationView[]): AnnotationView[] {
  const corrected = new Set(annotations.map(({ base }) => base))
  return annotations.filter((one) => !isPrediction(one) && !corrected.has(one.annotationId))
}

export type Decision = 'undecided' | 'accepted' | 'edited' | 'rejected'

/** A critic's mark as it stands in the person's annotation. */
export interface DecidedMark extends SpanView {
  readonly decision: Decision
}

/**
 * A critic's marks, each as the person left it: their copy's place and polarity where they have one. What they have
 * neither copied nor refused is undecided.
 */
export function decidedMarks(predicted: AnnotationView, own: AnnotationView | undefined): DecidedMark[] {
  const copies = new Map(own?.spans.map((span) => [span.base, span]))
  const refused = new Set(own?.refused)
  return predicted.spans.map((span) => {
    const copy = copies.get(span.spanId)
    if (!copy) return { ...span, decision: refused.has(span.spanId) ? 'rejected' : 'undecided' }
    const same = (['start', 'end', 'polarity', 'reason'] as const).every((key) => copy[key] === span[key])
    return { ...copy, spanId: span.spanId, decision: same ? 'accepted' : 'edited' }
  })
}
