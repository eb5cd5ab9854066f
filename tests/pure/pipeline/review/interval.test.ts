import { describe, expect, it } from 'vitest'
import { chance } from '../../../../src/pipeline/optimise/chance'
import { bootstrap, meanInterval, pairedDifference } from '../../../../src/pipeline/review/interval'

const seed = 1

describe('meanInterval', () => {
  it('has the width that theory gives the mean of normal numbers', () => {
    const draws = chance(5, 'text')
    const values = Array.from({ length: 400 }, () => 10 + 2 * draws.normal())
    const interval = meanInterval(values, { seed })
    if (!interval) throw new Error('no interval')
    const halfWidth = (1.96 * 2) / Math.sqrt(400)
    expect(interval.high - interval.value).toBeCloseTo(halfWidth, 1)
    expect(interval.value - interval.low).toBeCloseTo(halfWidth, 1)
    expect(interval.low).toBeLessThan(10)
    expect(interval.high).toBeGreaterThan(10)
  })

  it('holds the truth about as often as it says', () => {
    const draws = chance(6, 'text')
    let held = 0
    for (let i = 0; i < 100; i++) {
      const interval = meanInterval(
        Array.from({ length: 40 }, () => draws.normal()),
        { seed: i, resamples: 200 }
      )
      if (interval && interval.low <= 0 && interval.high >= 0) held++
    }
    expect(held).toBeGreaterThan(86)
    expect(held).toBeLessThan(100)
  })

  it('repeats with its seed and knows its limits', () => {
    const values = [1, 2, 3, 4]
    expect(meanInterval(values, { seed })).toEqual(meanInterval(values, { seed }))
    expect(meanInterval([], { seed })).toBeNull()
    expect(meanInterval([3], { seed })).toEqual({ value: 3, low: 3, high: 3 })
    expect(bootstrap([1], () => null, { seed })).toBeNull()
  })
})

describe('pairedDifference', () => {
  it('is narrow where units differ and their differences do not', () => {
    const before = [1, 50, 200, 1000]
    const interval = pairedDifference(
      before,
      before.map((value) => value - 0.5),
      { seed }
    )
    expect(interval).toEqual({ value: -0.5, low: -0.5, high: -0.5 })
  })

  it('refuses lists that do not belong together', () => {
    expect(() => pairedDifference([1], [1, 2], { seed })).toThrow(RangeError)
  })
})
