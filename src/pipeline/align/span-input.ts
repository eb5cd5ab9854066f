import type { Polarity } from '../annotate/span'

/**
 * A mark to be aligned: by its offsets (code points, half-open), by its words, or by both, which then have to agree.
 * What it is worth: a polarity, or a weight in [−1, 1].
 */
export interface AlignInput {
  readonly start?: number
  readonly end?: number
  readonly quote?: string
  /** Which occurrence of the quote, counted from 1, overlapping matches included. */
  readonly occurrence?: number
  readonly polarity?: Polarity
  readonly weight?: number
}

export type Conflict = 'negative-wins' | 'strongest' | 'sum'
export type Placement = 'every' | 'first' | 'last' | 'mean'

export interface AlignRules {
  /** Who wins where spans of both signs cover a token. */
  readonly conflict: Conflict
  /** Which of its tokens a span's weight goes to. */
  readonly placement: Placement
  /** A span too small to cover half of any token takes the token it overlaps most. */
  readonly widen: boolean
  /** Also look for words that are nearly the quote. */
  readonly fuzzy?: boolean
  /** A quote that stands in several places, with no occurrence given. */
  readonly ambiguous?: 'first' | 'all' | 'reject'
}

export const defaultAlignRules: AlignRules = { conflict: 'negative-wins', placement: 'mean', widen: true }

/** How a span was found: by its offsets, by its words as they are, by its words folded, or nearly. */
export type Tier = 'offset' | 'exact' | 'normalised' | 'fuzzy' | 'ambiguous' | 'missing'

/** Why a span has no tokens. It is then left out: never moved, never guessed. */
export type AlignIssue =
  'outside-text' | 'empty' | 'quote-mismatch' | 'missing' | 'ambiguous' | 'no-token' | 'bad-weight'
