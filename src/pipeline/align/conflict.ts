import type { Conflict } from './span-input'

/** What one span brings to one token. */
export interface Claim {
  /** The span's own weight, in [−1, 1]; 0 for a neutral span. */
  readonly weight: number
  /** The part of it that placement puts on this token. */
  readonly share: number
}

/** Spans of both signs cover the token. */
export const inConflict = (claims: readonly Claim[]): boolean =>
  claims.some(({ weight }) => weight > 0) && claims.some(({ weight }) => weight < 0)

/**
 * The reward of a token that several spans claim (method 9.3, step 4). A neutral span weighs nothing and never wins.
 * - `negative-wins`: the most negative share if any span is poor, else the most positive.
 * - `strongest`: the share of the span of largest |weight|; the negative one among equals.
 * - `sum`: all shares together, clipped to [−1, 1].
 */
export function resolve(claims: readonly Claim[], conflict: Conflict, part: 'weight' | 'share'): number {
  // A span that placement gives nothing here has no say in the reward of this token.
  const said = claims.filter((claim) => claim[part] !== 0)
  if (said.length === 0) return 0
  const values = said.map((claim) => claim[part])
  switch (conflict) {
    case 'negative-wins':
      return values.some((value) => value < 0) ? Math.min(...values) : Math.max(...values)
    case 'strongest': {
      const strength = Math.max(...said.map(({ weight }) => Math.abs(weight)))
      const strongest = said.filter(({ weight }) => Math.abs(weight) === strength).map((claim) => claim[part])
      return resolve(
        strongest.map((value) => ({ weight: value, share: value })),
        'negative-wins',
        'share'
      )
    }
    case 'sum':
      return Math.min(
        1,
        Math.max(
          -1,
          values.reduce((sum, value) => sum + value, 0)
        )
      )
  }
}
