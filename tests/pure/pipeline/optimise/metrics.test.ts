import { describe, expect, it } from 'vitest'
import { countFailures, type FailureWindow } from '../../../../src/pipeline/optimise/failing'
import { nextKlCoefficient } from '../../../../src/pipeline/optimise/kl-controller'
import {
  byPolarity,
  coverage,
  explainedVariance,
  logProbChange,
  meanOf
} from '../../../../src/pipeline/optimise/metrics'
import { learningRateAt } from '../../../../src/pipeline/optimise/schedule'

const tokens = (
  values: number[],
  labels: number[],
  ok = true
): { values: Float32Array; labels: Int8Array; ok: boolean } => ({
  values: Float32Array.from(values),
  labels: Int8Array.from(labels),
  ok
})

describe('means by polarity', () => {
  const batch = [tokens([1, 2, 3], [1, 0, -1]), tokens([5, 4], [1, 0]), tokens([100, 100], [1, -1], false)]

  it('are over tokens, not answers, and leave failed answers out', () => {
    const means = byPolarity(batch)
    expect(meanOf(means.positive)).toBe(3)
    expect(meanOf(means.negative)).toBe(3)
    expect(meanOf(means.neutral)).toBe(3)
    expect(means.neutral.count).toBe(2)
    expect(logProbChange(batch)).toEqual({
      'logprob_change/positive': 3,
      'logprob_change/negative': 3,
      'logprob_change/neutral': 3
    })
    expect(coverage(batch)).toEqual({ 'delta/coverage_positive': 2 / 5, 'delta/coverage_negative': 1 / 5 })
  })

  it('leave out what was not measured, rather than calling it 0', () => {
    expect(logProbChange([tokens([1], [0])])).toEqual({ 'logprob_change/neutral': 1 })
    expect(logProbChange([])).toEqual({})
    expect(coverage([])).toEqual({ 'delta/coverage_positive': 0, 'delta/coverage_negative': 0 })
  })
})

describe('explainedVariance', () => {
  const returns = Float32Array.from([1, 2, 3, 4])
  it('is 1 for a perfect value, 0 for a constant one, less for a worse one', () => {
    expect(explainedVariance(returns, returns)).toBe(1)
    expect(explainedVariance(returns, Float32Array.from([7, 7, 7, 7]))).toBe(0)
    expect(explainedVariance(returns, Float32Array.from([4, 3, 2, 1]))).toBe(-3)
    expect(explainedVariance(Float32Array.from([2, 2]), Float32Array.from([1, 2]))).toBeNull()
    expect(explainedVariance(new Float32Array(0), new Float32Array(0))).toBeNull()
  })
})

describe('countFailures', () => {
  const run = (failed: number[], steps = 100): number | null => {
    let window: FailureWindow = []
    for (const [step, count] of failed.entries()) {
      const result = countFailures(window, { answers: 10, failed: count }, steps)
      window = result.window
      if (result.alarm !== null) return step + 1
    }
    return null
  }

  it('stops a critic that always fails at its fifth step', () => {
    expect(run(Array<number>(20).fill(10))).toBe(5)
  })

  it('bears exactly a fifth, and not more', () => {
    expect(run(Array<number>(60).fill(2))).toBeNull()
    expect(run([...Array<number>(30).fill(2), 3])).toBe(31)
  })

  it('bears one bad step, and forgets it after twenty', () => {
    expect(run([10, ...Array<number>(19).fill(1)])).toBeNull()
    expect(run([10, 10, 10, 10, ...Array<number>(16).fill(0), 10, 10, 10, 10])).toBeNull()
    expect(run([10, 10, 10, 10, ...Array<number>(15).fill(0), 10])).toBe(20)
  })

  it('has a shorter window in a shorter run', () => {
    expect(run([10, 10, 10], 3)).toBe(1)
    expect(run([2, 2, 2], 3)).toBeNull()
  })

  it('says why', () => {
    const { alarm } = countFailures([], { answers: 4, failed: 4 }, 1)
    expect(alarm).toContain('4 of 4 answers in the last 1 steps')
  })
})

describe('learningRateAt', () => {
  it('rises over the warm-up and stays', () => {
    expect([1, 2, 4, 5].map((step) => learningRateAt(step, 0.4, 4))).toEqual([0.1, 0.2, 0.4, 0.4])
    expect(learningRateAt(1, 0.4, 0)).toBe(0.4)
  })
})

describe('nextKlCoefficient', () => {
  it('follows the distance from the target, by two percent a step at most', () => {
    expect(nextKlCoefficient(0.1, 6, 6)).toBe(0.1)
    expect(nextKlCoefficient(0.1, 6.6, 6)).toBeCloseTo(0.101, 12)
    expect(nextKlCoefficient(0.1, 600, 6)).toBeCloseTo(0.102, 12)
    expect(nextKlCoefficient(0.1, 0, 6)).toBeCloseTo(0.098, 12)
    expect(nextKlCoefficient(0.1, 600, null)).toBe(0.1)
  })
})
