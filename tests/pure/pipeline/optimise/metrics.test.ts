import { describe, expect, it } from 'vitest'
import {
  byPolarity,
  coverage,
  explainedVariance,
  logProbChange,
  meanOf
} from '../../../../src/pipeline/optimise/metrics'

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
