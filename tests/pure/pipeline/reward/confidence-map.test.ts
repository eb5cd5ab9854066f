import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrated, fitConfidenceMap } from '../../../../src/pipeline/reward/confidence-map'
import { numbers } from '../../engine/checkpoint/random-model'

const outcomes = fc.array(
  fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), right: fc.boolean() }),
  { minLength: 10, maxLength: 120 }
)

describe('a map of confidence', () => {
  it('never falls, and stays between 0 and 1', () => {
    fc.assert(
      fc.property(outcomes, (seen) => {
        const map = fitConfidenceMap(seen)
        const values = Array.from({ length: 101 }, (_, i) => calibrated(i / 100, map))
        expect(values.every((value) => value > 0 && value < 1)).toBe(true)
        expect(values.every((value, i) => i === 0 || value >= values[i - 1] - 1e-12)).toBe(true)
        expect(map?.every(([raw], i, all) => i === 0 || raw > all[i - 1][0])).toBe(true)
      })
    )
  })

  it('finds what a critic that is too sure of itself is worth', () => {
    const chance = numbers(3)
    const seen = Array.from({ length: 4000 }, () => {
      const confidence = chance()
      return { confidence, right: chance() < confidence ** 2 }
    })
    const map = fitConfidenceMap(seen)
    for (const confidence of [0.2, 0.5, 0.8, 0.95])
      expect(Math.abs(calibrated(confidence, map) - confidence ** 2)).toBeLessThan(0.08)
  })

  it('makes one level of a confidence that says nothing, and no certainty of a few', () => {
    const level = Array.from({ length: 40 }, (_, i) => ({ confidence: 0.9, right: i % 4 === 0 }))
    expect(fitConfidenceMap(level)).toEqual([0, 1].map((raw) => [raw, 11 / 42]))
    const falling = Array.from({ length: 40 }, (_, i) => ({ confidence: i / 40, right: i < 20 }))
    expect(fitConfidenceMap(falling)).toEqual([0, 1].map((raw) => [raw, 21 / 42]))
    const few = Array.from({ length: 10 }, (_, i) => ({ confidence: i / 10, right: true }))
    expect(calibrated(1, fitConfidenceMap(few))).toBe(11 / 12)
  })

  it('has a level for every ten outcomes; what is left over joins the last', () => {
    const levelsOf = (wrong: number, right: number) =>
      fitConfidenceMap(
        Array.from({ length: wrong + right }, (_, i) => ({ confidence: i / 30, right: i >= wrong }))
      )?.map(([, level]) => level)
    expect(levelsOf(10, 10)).toEqual([1 / 12, 11 / 12])
    expect(levelsOf(20, 5)).toEqual([1 / 12, 6 / 17])
  })

  it('needs ten outcomes, and without one nothing changes', () => {
    expect(fitConfidenceMap(Array.from({ length: 9 }, () => ({ confidence: 0.5, right: true })))).toBeNull()
    expect(calibrated(0.3, null)).toBe(0.3)
  })
})
