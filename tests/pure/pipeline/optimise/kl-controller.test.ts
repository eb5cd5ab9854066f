import { describe, expect, it } from 'vitest'
import { nextKlCoefficient } from '../../../../src/pipeline/optimise/kl-controller'

describe('nextKlCoefficient', () => {
  it('follows the distance from the target, by two percent a step at most', () => {
    expect(nextKlCoefficient(0.1, 6, 6)).toBe(0.1)
    expect(nextKlCoefficient(0.1, 6.6, 6)).toBeCloseTo(0.101, 12)
    expect(nextKlCoefficient(0.1, 600, 6)).toBeCloseTo(0.102, 12)
    expect(nextKlCoefficient(0.1, 0, 6)).toBeCloseTo(0.098, 12)
    expect(nextKlCoefficient(0.1, 600, null)).toBe(0.1)
  })
})
