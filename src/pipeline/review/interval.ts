import { quantileSorted } from 'simple-statistics'
import { chance } from '../optimise/chance'

/** A value and the interval that resampling gives it. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface BootstrapOptions {
  readonly seed: number
  /** How often the units are drawn anew. */
  readonly resamples?: number
  /** Share of the resamples that the interval holds. */
  readonly level?: number
}

/**
 * Percentile bootstrap (Efron & Tibshirani 1993, chapter 13): `statistic` of as many units drawn with replacement, over
 * and over. A unit is whatever was drawn independently: a document, an answer, a seed; never a token.
 * @returns null where there are no units, or the statistic has no value
 */
export function bootstrap<Unit>(
  units: readonly Unit[],
  statistic: (units: readonly Unit[]) => number | null,
  { seed, resamples = 2000, level = 0.95 }: BootstrapOptions
): Interval | null {
  const value = units.length === 0 ? null : statistic(units)
  if (value === null) return null
  const draws = chance(seed, 'bootstrap')
  const values: number[] = []
  for (let i = 0; i < resamples; i++) {
    const drawn = units.map(() => units[draws.integer(units.length)])
    const again = statistic(drawn)
    if (again !== null) values.push(again)
  }
  values.sort((a, b) => a - b)
  const tail = (1 - level) / 2
  return { value, low: quantileSorted(values, tail), high: quantileSorted(values, 1 - tail) }
}

export const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length

/** Mean with its interval. */
export function meanInterval(values: readonly number[], options: BootstrapOptions): Interval | null {
  return bootstrap(values, mean, options)
}

/**
 * Mean of after − before over the same units, with its interval: what the units have in common drops out.
 * @throws RangeError where the lists differ in length
 */
export function pairedDifference(
  before: readonly number[],
  after: readonly number[],
  options: BootstrapOptions
): Interval | null {
  if (before.length !== after.length) throw new RangeError(`${before.length} before, ${after.length} after.`)
  return meanInterval(
    after.map((value, i) => value - before[i]),
    options
  )
}
