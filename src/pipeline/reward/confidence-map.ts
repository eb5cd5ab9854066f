/** A confidence that a critic gave, and whether the span turned out right. */
export interface Outcome {
  readonly confidence: number
  readonly right: boolean
}

/** Raw and calibrated confidence, both rising: straight lines between the points, level outside them. */
export type ConfidenceMap = readonly (readonly [raw: number, calibrated: number])[]

/** Outcomes that a level of the map stands for at least, so that a handful of lucky ones does not make a certainty. */
const fewest = 10

/**
 * The map from raw confidence to the share of spans that were right, fitted on dev: isotonic regression by pooling
 * adjacent violators (Ayer et al. 1955; for classifiers Zadrozny & Elkan 2002), each pool standing at its mean raw
 * confidence. Every level is smoothed with one right and one wrong outcome more (Laplace), so that it is neither 0 nor 1.
 * @returns null with fewer than 10 outcomes: too few to say anything
 */
export function fitConfidenceMap(outcomes: readonly Outcome[]): [raw: number, calibrated: number][] | null {
  if (outcomes.length < fewest) return null
  const sorted = [...outcomes].sort((a, b) => a.confidence - b.confidence)
  const pools: { count: number; right: number; sum: number }[] = []
  for (let from = 0; from < sorted.length;) {
    let to = Math.min(from + fewest, sorted.length)
    if (sorted.length - to < fewest) to = sorted.length
    while (to < sorted.length && sorted[to].confidence === sorted[to - 1].confidence) to++
    const inside = sorted.slice(from, to)
    pools.push({
      count: inside.length,
      right: inside.filter(({ right }) => right).length,
      sum: inside.reduce((sum, { confidence }) => sum + confidence, 0)
    })
    for (let last = pools.length - 1; last > 0 && level(pools[last - 1]) >= level(pools[last]); last--) {
      const { count, right, sum } = pools.pop() as (typeof pools)[number]
      pools[last - 1].count += count
      pools[last - 1].right += right
      pools[last - 1].sum += sum
    }
    from = to
  }
  const points = pools.map((pool): [number, number] => [pool.sum / pool.count, level(pool)])
  // A line has two ends, also where every confidence is worth the same.
  return points.length > 1 ? points : [0, 1].map((raw) => [raw, points[0][1]])
}

const level = ({ right, count }: { right: number; count: number }): number => (right + 1) / (count + 2)

/** What a raw confidence is worth. Never falls as the raw one rises; without a map it stays as it is. */
export function calibrated(confidence: number, map: ConfidenceMap | null): number {
  if (map === null || map.length === 0) return confidence
  const above = map.findIndex(([raw]) => raw >= confidence)
  if (above < 0) return map[map.length - 1][1]
  if (above === 0) return map[0][1]
  const [low, high] = [map[above - 1], map[above]]
  return low[1] + ((confidence - low[0]) / (high[0] - low[0])) * (high[1] - low[1])
}
