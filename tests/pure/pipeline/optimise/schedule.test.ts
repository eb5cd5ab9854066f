import { describe, expect, it } from 'vitest'
import { learningRateAt, type Schedule } from '../../../../src/pipeline/optimise/schedule'

const rates = (schedule: Schedule, steps: number, warmup: number): number[] =>
  Array.from({ length: steps }, (_, index) =>
    learningRateAt(index + 1, { learningRate: 0.4, warmup, schedule, steps })
  )

describe('learningRateAt', () => {
  it('rises over the warm-up and stays', () => {
    expect(rates('constant', 6, 4)).toEqual([0.1, 0.2, expect.closeTo(0.3, 12), 0.4, 0.4, 0.4])
    expect(rates('constant', 2, 0)).toEqual([0.4, 0.4])
  })

  it('falls in a straight line, and is above 0 to the last step', () => {
    const expected = [0.2, 0.4, 0.4, 0.3, 0.2, 0.1]
    rates('linear', 6, 2).forEach((rate, index) => expect(rate).toBeCloseTo(expected[index], 12))
    expect(rates('linear', 4, 0).map((rate) => Number(rate.toFixed(12)))).toEqual([0.4, 0.3, 0.2, 0.1])
  })

  it('falls along half a cosine: half the rate at half the way', () => {
    const [first, second, half, fourth] = rates('cosine', 4, 0)
    expect([first, half]).toEqual([0.4, expect.closeTo(0.2, 12)])
    // cos 45° = 0.70711
    expect(second).toBeCloseTo(0.2 * 1.70711, 5)
    expect(fourth).toBeCloseTo(0.2 * 0.29289, 5)
  })

  it('is all warm-up when the run is no longer than it', () => {
    for (const schedule of ['constant', 'linear', 'cosine'] as const)
      expect(rates(schedule, 2, 4)).toEqual([0.1, 0.2])
  })
})
