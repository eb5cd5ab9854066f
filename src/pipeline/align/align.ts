import { sliceCodePoints } from '../annotate/code-points'
import { labelOf, type Label, type Range } from '../annotate/span'
import { inConflict, resolve, type Claim } from './conflict'
import { haystack, locate, type Haystack, type Located } from './locate'
import { placementFactors } from './placement'
import type { AlignInput, AlignIssue, AlignRules, Tier } from './span-input'
import { coverTokens, visibleCounter, type Cover, type TokenRange } from './token-cover'

export * from './span-input'
export type { TokenRange } from './token-cover'

export interface AlignRequest {
  readonly text: string
  /** Code-point range of each token, as `tokens` made them. */
  readonly offsets: readonly TokenRange[]
  readonly spans: readonly AlignInput[]
  readonly rules: AlignRules
}

/** What became of one span, in the order of the request. */
export interface AlignedSpan {
  readonly tier: Tier
  /** Where it stands (the first place, under `ambiguous: 'all'`); absent if it was not found. */
  readonly start?: number
  readonly end?: number
  /** The tokens that it takes, before spans compete for them; none if there is an issue. */
  readonly tokens: readonly number[]
  readonly widened: boolean
  readonly halfCovered: readonly number[]
  readonly issue?: AlignIssue
}

export interface Alignment {
  /** One per token: the vector that the trainer receives, before KL. */
  readonly rewards: Float32Array<ArrayBuffer>
  /** One per token: the sign of the spans on it, whatever the placement. */
  readonly labels: Int8Array<ArrayBuffer>
  readonly spans: readonly AlignedSpan[]
  /** Tokens that some span cuts through. */
  readonly halfCovered: readonly number[]
  /** Fractions of all tokens. Neutral: marked so, and nothing else. */
  readonly coverage: { readonly positive: number; readonly negative: number; readonly neutral: number }
  /** Tokens covered by spans of both signs. */
  readonly conflicts: number
}

/**
 * Spans → the policy's own tokens (method 9.3). Deterministic and pure: the window calls it on every keystroke and the
 * trainer calls it on every answer, so that what is on screen is what is trained.
 */
export function alignSpans({ text, offsets, spans, rules }: AlignRequest): Alignment {
  const counter = visibleCounter(text)
  const hay = haystack(text)
  const claims: Claim[][] = offsets.map(() => [])

  const aligned = spans.map((span): AlignedSpan => {
    const weight = weightOf(span)
    const located = find(span, hay, counter.length, rules)
    const issue = located.issue ?? (weight === null ? 'bad-weight' : undefined)
    const { start, end } = located.ranges[0] ?? {}
    if (issue || weight === null)
      return { tier: located.tier, start, end, tokens: [], widened: false, halfCovered: [], issue }
    const covers = located.ranges.map((range) => coverTokens(range, offsets, counter, rules.widen))
    for (const cover of covers) claim(claims, cover, weight, rules)
    const tokens = union(covers.map((cover) => cover.tokens))
    return {
      tier: located.tier,
      start,
      end,
      tokens,
      widened: covers.some((cover) => cover.widened),
      halfCovered: union(covers.map((cover) => cover.halfCovered)),
      ...(tokens.length === 0 && { issue: 'no-token' as const })
    }
  })

  const labels = Int8Array.from(claims, (list) => Math.sign(resolve(list, rules.conflict, 'weight')))
  const marked = labels.map((label, token) => (label === 0 && isNeutral(claims[token]) ? 1 : 0))
  const share = (count: number): number => (offsets.length === 0 ? 0 : count / offsets.length)
  return {
    rewards: Float32Array.from(claims, (list) => resolve(list, rules.conflict, 'share')),
    labels,
    spans: aligned,
    halfCovered: union(aligned.map((span) => span.halfCovered)),
    coverage: {
      positive: share(count(labels, 1)),
      negative: share(count(labels, -1)),
      neutral: share(count(marked, 1))
    },
    conflicts: claims.filter(inConflict).length
  }
}

/** Where a span stands; offsets are believed only if they are inside the text and fit the quote beside them. */
function find(span: AlignInput, hay: Haystack, length: number, rules: AlignRules): Located {
  const { start, end, quote, occurrence } = span
  if (start === undefined || end === undefined)
    return quote === undefined
      ? { tier: 'missing', ranges: [], issue: 'missing' }
      : locate(hay, quote, occurrence, rules)
  const range: Range = { start, end }
  const issue = rangeIssue(range, length, hay.text, quote)
  return issue ? { tier: 'missing', ranges: [], issue } : { tier: 'offset', ranges: [range] }
}

function rangeIssue(
  { start, end }: Range,
  length: number,
  text: string,
  quote: string | undefined
): AlignIssue | undefined {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > length || end < start)
    return 'outside-text'
  if (start === end) return 'empty'
  if (quote !== undefined && sliceCodePoints(text, start, end) !== quote) return 'quote-mismatch'
  return undefined
}

/** null: a weight that is none. */
function weightOf({ weight, polarity }: AlignInput): number | null {
  const value = weight ?? (polarity === undefined ? NaN : labelOf[polarity])
  return value >= -1 && value <= 1 ? value : null
}

function claim(claims: Claim[][], { tokens }: Cover, weight: number, { placement }: AlignRules): void {
  const factors = placementFactors(tokens.length, placement)
  tokens.forEach((token, i) => claims[token].push({ weight, share: weight * factors[i] }))
}

/** Covered by neutral spans alone. */
const isNeutral = (claims: readonly Claim[]): boolean =>
  claims.length > 0 && claims.every(({ weight }) => weight === 0)

const union = (lists: readonly (readonly number[])[]): readonly number[] =>
  lists.length === 1 ? lists[0] : [...new Set(lists.flat())].sort((a, b) => a - b)

function count(labels: Int8Array, wanted: Label): number {
  let found = 0
  for (const label of labels) if (label === wanted) found++
  return found
}
