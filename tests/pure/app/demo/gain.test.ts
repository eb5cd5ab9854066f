import { describe, expect, test } from 'vitest'
import { truthSection, withInterval } from '../../../../src/app/demo/demo-report'
import { summariseTruth, type SeedTruths } from '../../../../src/app/demo/gain'
import type { Truth } from '../../../../src/app/demo/truth'
import { chance } from '../../../../src/pipeline/optimise/chance'

const truth = (right: number, unsupported = 0): Truth => ({
  right,
  wrong: 6 - right,
  unsupported,
  score: right / (6 + unsupported)
})
const draws = chance(1, 'text')
const answers = (least: number): Truth[] => Array.from({ length: 40 }, () => truth(least + draws.integer(3)))
const seedsOf = (after: number): SeedTruths[] =>
  [1, 2, 3].map((seed) => ({ seed, before: answers(2), after: answers(after), shuffled: answers(1) }))

const summarise = (seeds: SeedTruths[]) => summariseTruth(seeds, seeds)

describe('the gain of the demo', () => {
  test('is certain when every prompt gains, and the control is told apart', () => {
    const summary = summarise(seedsOf(4))
    expect(summary).toMatchObject({ prompts: 40, improved: true })
    expect(summary.seeds.map(({ seed }) => seed)).toEqual([1, 2, 3])
    expect(summary.gain.value).toBeCloseTo(summary.means.after.score - summary.means.before.score, 10)
    expect(summary.likeliest).toEqual(summary.means)
    expect(summary.gain.low).toBeGreaterThan(0.2)
    expect(summary.shuffledGain.high).toBeLessThan(0)
    expect(summary.gainOverShuffled.value).toBeCloseTo(summary.gain.value - summary.shuffledGain.value, 10)
  })

  test('is not certain when nothing changed, or when it fell', () => {
    const [first] = seedsOf(2)
    expect(summarise([{ ...first, after: first.before }])).toMatchObject({
      improved: false,
      gain: { value: 0, low: 0, high: 0 }
    })
    expect(summarise(seedsOf(0)).improved).toBe(false)
  })

  test('refuses nothing to compare', () => {
    expect(() => summarise([])).toThrow(RangeError)
  })

  test('stands in the report with its numbers', () => {
    const summary = summarise(seedsOf(4))
    const page = truthSection(summary).text
    for (const condition of ['before', 'after', 'shuffled'] as const) {
      const [, shown] = new RegExp(`data-truth="${condition}"[^]*?data-score>([\\d.]+)<`).exec(page) ?? []
      expect(Number(shown)).toBeCloseTo(summary.means[condition].score, 3)
    }
    expect(page).toContain(withInterval(summary.gain))
    expect(withInterval({ value: -0.5, low: -0.75, high: 0.25 })).toBe('−0.500 [−0.750, +0.250]')
  })
})
