import { chance } from '../../pipeline/optimise/chance'

/** Lengths are rounded up to a multiple of this. */
const GRAIN = 8

/**
 * At most `count` lengths, rising, into which sequences are sorted so that each group is about as large: a short
 * answer is then not computed at the length of the longest, and attention costs the square of it.
 */
export function bucketLengths(lengths: readonly number[], count: number): number[] {
  const sorted = [...lengths].sort((a, b) => a - b)
  const longest = sorted[sorted.length - 1]
  const tops = Array.from({ length: count }, (_, index) => {
    const top = sorted[Math.ceil(((index + 1) * sorted.length) / count) - 1]
    return Math.min(longest, Math.ceil(top / GRAIN) * GRAIN)
  })
  return [...new Set(tops)]
}

/**
 * The same before anybody knows how long answers become: `count` lengths at equal distances from the shortest that
 * matters to the longest.
 */
export function evenLengths(shortest: number, longest: number, count: number): number[] {
  const tops = Array.from({ length: count }, (_, index) => {
    const top = shortest + ((longest - shortest) * (index + 1)) / count
    return Math.min(longest, Math.ceil(top / GRAIN) * GRAIN)
  })
  return [...new Set(tops)]
}

/**
 * The batch of a step: every item once in random order, then again in another; items of one bucket together, at most
 * `rows` of them. A pure function of the step's number (from 1), so that a resumed run needs no cursor.
 */
export function batchOfStep<T>(
  items: readonly T[],
  bucketOf: (item: T) => number,
  { seed, step, rows }: { readonly seed: number; readonly step: number; readonly rows: number }
): T[] {
  const sizes = groups(items, bucketOf).map(({ length }) => Math.ceil(length / rows))
  const perRound = sizes.reduce((sum, size) => sum + size, 0)
  const round = Math.floor((step - 1) / perRound)
  const batches = groups(chance(seed, 'order', round, 0).shuffle(items), bucketOf).flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / rows) }, (_, index) =>
      group.slice(index * rows, (index + 1) * rows)
    )
  )
  return chance(seed, 'order', round, 1).shuffle(batches)[(step - 1) % perRound]
}

function groups<T>(items: readonly T[], bucketOf: (item: T) => number): T[][] {
  const found = new Map<number, T[]>()
  for (const item of items) {
    const bucket = bucketOf(item)
    found.set(bucket, [...(found.get(bucket) ?? []), item])
  }
  return [...found].sort(([a], [b]) => a - b).map(([, group]) => group)
}
