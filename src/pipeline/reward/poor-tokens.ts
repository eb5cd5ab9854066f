import { alignSpans, defaultAlignRules, type TokenRange } from '../align/align'
import type { Span } from '../annotate/span'
import { calibrated, fitConfidenceMap, type Outcome } from './confidence-map'

/**
 * P(poor) of a token by a critic that marks spans and has no number for each token: what a token outside of its poor
 * marks turned out to be worth, and what one inside, by the confidence of the mark.
 */
export interface PoorTokenMap {
  /** In [0, 1]. */
  readonly outside: number
  /** A `ConfidenceMap`; null where too few tokens were marked to tell: a mark's confidence stays as it is. */
  readonly inside: [raw: number, calibrated: number][] | null
}

/** A poor mark with the critic's own confidence in it, before any calibration. Code points, half-open. */
export interface PoorMark {
  readonly start: number
  readonly end: number
  readonly confidence?: number
}

/** An answer with what a critic marked as poor in it, and what people did. */
export interface MarkedTokens {
  readonly text: string
  readonly offsets: readonly TokenRange[]
  readonly marks: readonly PoorMark[]
  readonly gold: readonly Span[]
}

/** Tokens outside of marks that their share stands for at least. */
const fewest = 10

/**
 * Fitted on dev: outside, the share of tokens that people have marked as poor, with one of either kind more (Laplace);
 * inside, the isotonic map of `fitConfidenceMap` with a token for an outcome. Tokens of one mark are not independent,
 * so that levels of a few marks are surer than they should be.
 * @returns null with fewer than 10 tokens outside of marks
 */
export function fitPoorTokens(answers: readonly MarkedTokens[]): PoorTokenMap | null {
  const inside: Outcome[] = []
  const outside = { count: 0, poor: 0 }
  for (const { text, offsets, marks, gold } of answers) {
    const confidences = confidenceOf(text, offsets, marks)
    const { labels } = alignSpans({ text, offsets, spans: gold, rules: defaultAlignRules })
    confidences.forEach((confidence, token) => {
      const right = labels[token] < 0
      if (confidence !== null) return inside.push({ confidence, right })
      outside.count++
      outside.poor += Number(right)
    })
  }
  if (outside.count < fewest) return null
  return { outside: (outside.poor + 1) / (outside.count + 2), inside: fitConfidenceMap(inside) }
}

/** The confidence of the surest poor mark on each token; null where there is none, 1 where a mark has no confidence. */
function confidenceOf(
  text: string,
  offsets: readonly TokenRange[],
  marks: readonly PoorMark[]
): (number | null)[] {
  const found = new Array<number | null>(offsets.length).fill(null)
  for (const { start, end, confidence = 1 } of marks) {
    const spans = [{ start, end, polarity: 'poor' as const }]
    const { labels } = alignSpans({ text, offsets, spans, rules: defaultAlignRules })
    labels.forEach((label, token) => {
      if (label < 0) found[token] = Math.max(found[token] ?? 0, confidence)
    })
  }
  return found
}

/** Stretches that make up a whole text of `length` code points, each with its P(poor): cut where marks begin and end. */
export function poorStretches(
  length: number,
  marks: readonly PoorMark[],
  { outside, inside }: PoorTokenMap
): [start: number, end: number, probability: number][] {
  const cuts = new Set([0, length, ...marks.flatMap(({ start, end }) => [start, end])])
  const places = [...cuts].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => {
    const start = places[index]
    const over = marks.filter((mark) => mark.start < end && mark.end > start)
    const surest = over.map(({ confidence = 1 }) => calibrated(confidence, inside))
    return [start, end, over.length > 0 ? Math.max(...surest) : outside]
  })
}
