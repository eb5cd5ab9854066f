import type { CriticQuality } from './quality'

/** What a critic must reach, on the frozen test split, before a run may train on it. */
export interface CriticThresholds {
  /** Of the precision on poor tokens: the lower end of its 95 % interval. Precision matters; misses only thin the update. */
  readonly poorPrecision: number
  /** Of the F1 on poor tokens. */
  readonly poorF1: number
  /** Largest share of critiques that fail. */
  readonly failures: number
  /** Largest share of tokens marked by both that have the opposite sign. */
  readonly signFlip: number
  /** Fewest documents that the figures must come from. */
  readonly documents: number
}

export const defaultThresholds: CriticThresholds = {
  poorPrecision: 0.5,
  poorF1: 0.3,
  failures: 0.05,
  signFlip: 0.1,
  documents: 10
}

/** Why a critic has not passed: a sentence for each threshold that it misses; none where it passes. */
export function shortcomings(
  quality: Pick<CriticQuality, 'tokens' | 'signFlip' | 'parseFailureRate' | 'documents' | 'intervals'>,
  thresholds: CriticThresholds
): string[] {
  const found: string[] = []
  const precision = quality.intervals['tokens.negative.precision']?.low ?? null
  if (quality.documents < thresholds.documents)
    found.push(
      `it was evaluated on ${quality.documents} ${quality.documents === 1 ? 'document' : 'documents'}, fewer than ${thresholds.documents}`
    )
  if (precision === null) found.push('it has no precision on poor tokens, because it marked none')
  else if (precision < thresholds.poorPrecision)
    found.push(
      `its precision on poor tokens may be as low as ${percent(precision)}, below ${percent(thresholds.poorPrecision)}`
    )
  const f1 = quality.tokens.negative.f1
  if (f1 === null || f1 < thresholds.poorF1)
    found.push(
      f1 === null
        ? 'the test split has no poor token'
        : `its F1 on poor tokens is ${percent(f1)}, below ${percent(thresholds.poorF1)}`
    )
  if (quality.parseFailureRate > thresholds.failures)
    found.push(
      `${percent(quality.parseFailureRate)} of its critiques failed, more than ${percent(thresholds.failures)}`
    )
  if (quality.signFlip !== null && quality.signFlip > thresholds.signFlip)
    found.push(
      `${percent(quality.signFlip)} of the tokens that people marked too have the opposite sign, more than ${percent(thresholds.signFlip)}`
    )
  return found
}

const percent = (value: number): string => `${Math.round(value * 1000) / 10} %`
