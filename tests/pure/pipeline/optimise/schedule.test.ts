import { describe, expect, it } from 'vitest'
import { learningRateAt } from '../../../../src/pipeline/optimise/schedule'

describe('learningRateAt', () => {
  it('rises over the warm-up and stays', () => {
    expect([1, 2, 4, 5].map((step) => learningRateAt(step, 0.4, 4))).toEqual([0.1, 0.2, 0.4, 0.4])
    expect(learningRateAt(1, 0.4, 0)).toBe(0.4)
  })
})
