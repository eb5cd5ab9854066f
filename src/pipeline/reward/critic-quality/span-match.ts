import type { Polarity, Range } from '../../annotate/span'

/** Intersection over union of two stretches, in code points. */
export function overlapRatio(a: Range, b: Range): number {
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start)
  if (common <= 0) return 0
  return common / (a.end - a.start + (b.end - b.start) - common)
}

export interface SpanMatches {
  readonly exact: number
  /** One to one, greedily by falling IoU, IoU ≥ 0.5. */
  readonly iou50: number
}

/** How many of two lists' stretches are the same; nothing but boundaries counts. */
export function matchRanges(first: readonly Range[], second: readonly Range[]): SpanMatches {
  const pairs = first.flatMap((a, i) =>
    second.map((b, j) => ({ i, j, ratio: overlapRatio(a, b) })).filter(({ ratio }) => ratio >= 0.5)
  )
  // Equal ratios are taken in the order of the lists, so that the count does not hang on the sort.
  pairs.sort((a, b) => b.ratio - a.ratio || a.i - b.i || a.j - b.j)
  const usedFirst = new Set<number>()
  const usedSecond = new Set<number>()
  let exact = 0
  for (const { i, j, ratio } of pairs) {
    if (usedFirst.has(i) || usedSecond.has(j)) continue
    usedFirst.add(i)
    usedSecond.add(j)
    if (ratio === 1) exact++
  }
  return { exact, iou50: usedFirst.size }
}

export type Marked = Range & { readonly polarity: Polarity }

/** `matchRanges` among the spans of one polarity. */
export const matchPolarity = (
  gold: readonly Marked[],
  predicted: readonly Marked[],
  polarity: Polarity
): SpanMatches =>
  matchRanges(
    gold.filter((span) => span.polarity === polarity),
    predicted.filter((span) => span.polarity === polarity)
  )
