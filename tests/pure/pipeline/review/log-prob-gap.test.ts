import { describe, expect, it } from 'vitest'
import { chance } from '../../../../src/pipeline/optimise/chance'
import { logProbGap, type ScoredAnswer } from '../../../../src/pipeline/review/log-prob-gap'

const seed = 1

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
