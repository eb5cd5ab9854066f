import type { CriticTraining } from '../../contract/critic-record'
import { codePointLength } from '../../pipeline/annotate/code-points'
import type { Polarity, Range } from '../../pipeline/annotate/span'
import { markedAlike } from '../../pipeline/reward/critic-quality/marked-alike'

/** What weights are made from. */
export interface WeighedAnnotation {
  readonly responseId: string
  readonly response: string
  readonly split: string
  readonly spans: readonly (Range & { readonly polarity: Polarity })[]
}

type Marks = WeighedAnnotation['spans']

/** An annotation is of the rarest kind that it could be asked for: a poor span first, then a good one, then none. */
function kindOf(spans: Marks): 'poor' | 'good' | 'none' {
  if (spans.some(({ polarity }) => polarity === 'poor')) return 'poor'
  return spans.some(({ polarity }) => polarity === 'good') ? 'good' : 'none'
}

/**
 * Weights by which rare kinds of annotations (with a poor span; with good ones only; with neither) count as much as
 * common ones: N / (K · n) for a kind that n of N training annotations are of, K kinds being there, at most `cap`.
 */
export function balanceWeights(
  annotations: readonly WeighedAnnotation[],
  { by, cap }: CriticTraining['balance']
): number[] {
  if (by === 'none') return annotations.map(() => 1)
  const training = annotations.filter(({ split }) => split === 'train')
  const counts = new Map<string, number>()
  for (const { spans } of training) counts.set(kindOf(spans), (counts.get(kindOf(spans)) ?? 0) + 1)
  return annotations.map(({ spans }) => {
    const count = counts.get(kindOf(spans))
    return count === undefined ? 1 : Math.min(cap, training.length / (counts.size * count))
  })
}

/**
 * Weights by which an annotation counts as far as others agree with it: floor + (1 − floor) · a, where a is the mean
 * over the others on the same answer of the share of characters, of those that either marked, that both marked alike.
 * 1 where nobody else has read the answer.
 */
export function disagreementWeights(
  annotations: readonly WeighedAnnotation[],
  { by, floor }: CriticTraining['disagreement']
): number[] {
  const groups = new Map<string, number[]>()
  annotations.forEach(({ responseId }, index) =>
    groups.set(responseId, [...(groups.get(responseId) ?? []), index])
  )
  return annotations.map(({ responseId, response, spans }, index) => {
    const others = (groups.get(responseId) ?? []).filter((other) => other !== index)
    if (by === 'none' || others.length === 0) return 1
    const own = labelsOf(response, spans)
    const shares = others.map((other) => agreement(own, labelsOf(response, annotations[other].spans)))
    return floor + (1 - floor) * (shares.reduce((sum, share) => sum + share, 0) / shares.length)
  })
}

/** 1 good, 2 poor or both, 0 nothing, for each code point. */
function labelsOf(response: string, spans: Marks): Uint8Array {
  const labels = new Uint8Array(codePointLength(response))
  for (const polarity of ['good', 'poor'] as const)
    for (const span of spans)
      if (span.polarity === polarity) labels.fill(polarity === 'good' ? 1 : 2, span.start, span.end)
  return labels
}

function agreement(first: Uint8Array, second: Uint8Array): number {
  const { marked, alike } = markedAlike(first, second)
  return marked === 0 ? 1 : alike / marked
}
