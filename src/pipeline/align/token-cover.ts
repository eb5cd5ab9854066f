import type { Range } from '../annotate/span'

/** Code points, half-open. */
export type TokenRange = readonly [start: number, end: number]

/** Counts visible characters of a stretch of the text in constant time. */
export interface VisibleCounter {
  readonly length: number
  /** Characters in `[start, end)` that are not white space. */
  visible(start: number, end: number): number
}

const space = /^[\s\u0085]$/u

export function visibleCounter(text: string): VisibleCounter {
  const before: number[] = [0]
  let count = 0
  for (const character of text) {
    if (!space.test(character)) count++
    before.push(count)
  }
  return {
    length: before.length - 1,
    visible: (start, end) => (end > start ? before[end] - before[start] : 0)
  }
}

/** The tokens that a span takes. */
export interface Cover {
  readonly tokens: readonly number[]
  /** No token was covered by half: the one of largest overlap was taken. */
  readonly widened: boolean
  /** Tokens that the span's ends cut through, whether they were taken or not. */
  readonly halfCovered: readonly number[]
}

/**
 * Which tokens a span takes (method 9.3, step 3): those of whose visible characters it covers at least half. White
 * space is not counted on either side; a token of white space alone is taken when it lies wholly inside.
 */
export function coverTokens(
  range: Range,
  offsets: readonly TokenRange[],
  counter: VisibleCounter,
  widen: boolean
): Cover {
  const tokens: number[] = []
  const halfCovered: number[] = []
  let widest = -1
  let widestOverlap = 0
  for (let token = 0; token < offsets.length; token++) {
    const [tokenStart, tokenEnd] = offsets[token]
    const start = Math.max(range.start, tokenStart)
    const end = Math.min(range.end, tokenEnd)
    if (end <= start) continue
    const whole = counter.visible(tokenStart, tokenEnd)
    const overlap = counter.visible(start, end)
    if (whole === 0 ? start === tokenStart && end === tokenEnd : overlap * 2 >= whole) tokens.push(token)
    if (overlap > 0 && overlap < whole) halfCovered.push(token)
    // Visible characters decide; white space only among tokens that have none in common with the span.
    const size = overlap + (end - start) / (counter.length + 1)
    if (size > widestOverlap) {
      widest = token
      widestOverlap = size
    }
  }
  if (tokens.length > 0 || !widen || widest < 0) return { tokens, widened: false, halfCovered }
  return { tokens: [widest], widened: true, halfCovered }
}
