/** One row of the reliability table: tokens of about the same P(poor). */
export interface ReliabilityBin {
  readonly tokens: number
  /** Mean P(poor) of its tokens, and the share of them that people marked as poor. */
  readonly said: number
  readonly found: number
  /** Smallest and largest P(poor) in it. */
  readonly from: number
  readonly to: number
}

export interface Calibration {
  /** Expected calibration error: mean over tokens of |said − found| of their bin. */
  readonly ece: number
  /** Mean squared difference of P(poor) and 0 or 1 (Brier 1950). */
  readonly brier: number
  /** The same for a critic that says the base rate everywhere. */
  readonly baseRateBrier: number
  readonly bins: readonly ReliabilityBin[]
}

export interface Judgement {
  /** P(poor) that the critic gave a token. */
  readonly said: number
  readonly poor: boolean
}

/**
 * Calibration over bins that hold equally many tokens each. Tokens with the same P(poor) stay in one bin (cutting
 * between them would make the error depend on their order), so that there may be fewer bins than asked for.
 * @returns null where there is no token
 */
export function calibrationOf(judgements: readonly Judgement[], bins = 15): Calibration | null {
  const all = judgements.length
  if (all === 0) return null
  const table = binsOf(judgements, bins)
  const rate = judgements.filter(({ poor }) => poor).length / all
  return {
    ece: table.reduce((sum, { tokens, said, found }) => sum + tokens * Math.abs(said - found), 0) / all,
    brier: judgements.reduce((sum, { said, poor }) => sum + (said - (poor ? 1 : 0)) ** 2, 0) / all,
    baseRateBrier: rate * (1 - rate),
    bins: table
  }
}

function binsOf(judgements: readonly Judgement[], bins: number): ReliabilityBin[] {
  const sorted = [...judgements].sort((a, b) => a.said - b.said)
  const table: ReliabilityBin[] = []
  let from = 0
  for (let bin = 1; bin <= bins && from < sorted.length; bin++) {
    let to = Math.round((bin * sorted.length) / bins)
    if (to <= from) continue
    while (to < sorted.length && sorted[to].said === sorted[to - 1].said) to++
    const inside = sorted.slice(from, to)
    table.push({
      tokens: inside.length,
      said: inside.reduce((sum, { said }) => sum + said, 0) / inside.length,
      found: inside.filter(({ poor }) => poor).length / inside.length,
      from: inside[0].said,
      to: inside[inside.length - 1].said
    })
    from = to
  }
  return table
}
