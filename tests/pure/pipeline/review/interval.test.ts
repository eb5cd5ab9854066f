import { describe, expect, it } from 'vitest'
import { chance } from '../../../../src/pipeline/optimise/chance'
import { bootstrap, meanInterval, pairedDifference } from '../../../../src/pipeline/review/interval'
import { logProbGap, type ScoredAnswer } from '../../../../src/pipeline/review/log-prob-gap'
import { wordDiff } from '../../../../src/pipeline/review/word-diff'

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
    for (let i = 0; i < 200; i++) {
      const interval = meanInterval(
        Array.from({ length: 60 }, () => draws.normal()),
        { seed: i, resamples: 300 }
      )
      if (interval && interval.low <= 0 && interval.high >= 0) held++
    }
    expect(held).toBeGreaterThan(180)
    expect(held).toBeLessThan(199)
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

describe('logProbGap', () => {
  const answer = (
    change: (token: number, label: number) => number,
    labelOf: (token: number) => number,
    documentId: string
  ): ScoredAnswer => {
    const labels = Int8Array.from({ length: 40 }, (_, token) => labelOf(token))
    return { changes: Float32Array.from(labels, (label, token) => change(token, label)), labels, documentId }
  }
  const draws = chance(7, 'text')
  const noise = (): number => 0.05 * draws.normal()
  const many = (make: (document: number) => ScoredAnswer): ScoredAnswer[] =>
    Array.from({ length: 30 }, (_, document) => make(document))

  it('finds a gap that is in the words, also with position controlled', () => {
    const answers = many((document) =>
      answer(
        (_, label) => (label === -1 ? -0.3 : 0.02) + noise(),
        (token) => (token % 3 === 0 ? -1 : 0),
        `d${document}`
      )
    )
    const gap = logProbGap(answers, -1, { seed, resamples: 300 })
    expect(gap?.gap.value).toBeCloseTo(-0.32, 1)
    expect(gap?.controlled?.value).toBeCloseTo(-0.32, 1)
    expect(gap?.controlled?.high).toBeLessThan(-0.25)
    expect(gap?.marked).toBeCloseTo(-0.3, 1)
    expect(gap?.neutral).toBeCloseTo(0.02, 1)
  })

  it('sees through a gap that is only in the place', () => {
    // Marks stand mostly late, and everything late fell, marked or not.
    const answers = many((document) =>
      answer(
        (token) => (token >= 20 ? -0.4 : 0) + noise(),
        (token) => ((token * 7 + document * 3) % 10 < (token >= 20 ? 7 : 1) ? -1 : 0),
        `d${document}`
      )
    )
    const gap = logProbGap(answers, -1, { seed, resamples: 300 })
    expect(gap?.gap.high).toBeLessThan(-0.1)
    expect(Math.abs(gap?.controlled?.value ?? 1)).toBeLessThan(0.02)
  })

  it('agrees with a hand calculation', () => {
    const one: ScoredAnswer = {
      changes: Float32Array.from([1, 2, 3, 5]),
      labels: Int8Array.from([0, -1, 0, -1]),
      documentId: 'a'
    }
    // Bins of a tenth: tokens 0, 1, 2, 3 fall into bins 0, 2, 5, 7. No bin holds both kinds.
    const alone = logProbGap([one], -1, { seed, resamples: 10 })
    expect(alone).toMatchObject({ marked: 3.5, neutral: 2, gap: { value: 1.5 }, controlled: null })
    const flipped = {
      ...one,
      changes: Float32Array.from([1, 1, 1, 1]),
      labels: Int8Array.from([-1, 0, -1, 0])
    }
    // Marked 2 and 5 against neutral 1 and 1, marked 1 and 1 against neutral 1 and 3: (1 + 4 + 0 − 2) / 4.
    expect(logProbGap([one, flipped], -1, { seed, resamples: 10 })?.controlled?.value).toBe(0.75)
  })

  it('has nothing to say of nothing', () => {
    expect(logProbGap([], -1, { seed })).toBeNull()
    expect(
      logProbGap(
        [
          answer(
            () => 1,
            () => 0,
            'd'
          )
        ],
        -1,
        { seed }
      )
    ).toBeNull()
  })
})

describe('wordDiff', () => {
  it('marks the words that changed and keeps both texts whole', () => {
    const before = 'Tom went to the park.\r\nHe was  sad.'
    const after = 'Tom went to the beach.\r\nHe was  glad, too.'
    const parts = wordDiff(before, after)
    const text = (...kinds: string[]): string =>
      parts
        .filter(({ kind }) => kinds.includes(kind))
        .map((part) => part.text)
        .join('')
    expect(text('same', 'removed')).toBe(before)
    expect(text('same', 'added')).toBe(after)
    expect(parts.filter(({ kind }) => kind === 'removed').map((part) => part.text)).toEqual(['park', 'sad'])
  })

  it('has one part for two equal texts', () => {
    expect(wordDiff('same words', 'same words')).toEqual([{ kind: 'same', text: 'same words' }])
  })
})
