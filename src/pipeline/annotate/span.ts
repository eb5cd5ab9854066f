/** What a mark says of the words under it. The sign is the reward's: good +1, poor −1, neutral 0. */
export type Polarity = 'good' | 'poor' | 'neutral'

/** −1, 0 or +1: the label that formats, critics and the aligner use for a polarity. */
export type Label = -1 | 0 | 1

export const labelOf: Readonly<Record<Polarity, Label>> = { good: 1, poor: -1, neutral: 0 }

export function polarityOf(label: number): Polarity {
  if (label > 0) return 'good'
  return label < 0 ? 'poor' : 'neutral'
}

/** A stretch of a response: Unicode code points, half-open `[start, end)`. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A marked stretch of a response. */
export interface Span extends Range {
  readonly polarity: Polarity
  /** What the person or critic said of this stretch. */
  readonly reason?: string
  /** The source's own name for the kind of remark, such as an error type. */
  readonly category?: string
}

/** A stretch given by its words: what a critic writes, before it has been found in the response. */
export interface QuotedSpan {
  readonly quote: string
  /** Which occurrence of the quote, counted from 1, overlapping matches included. */
  readonly occurrence?: number
  readonly polarity: Polarity
  readonly reason?: string
  readonly category?: string
  /** Probability that the mark is right, in [0, 1]. */
  readonly confidence?: number
}
