import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contrastiveWeights } from '../../../../src/pipeline/reward/contrastive'

const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers)
const rewards = fc
  .array(fc.constantFrom(0, 0, 0, -1, -0.5, 0.25, 1), { maxLength: 30 })
  .map((values) => Float32Array.from(values))
const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)

describe('contrastiveWeights', () => {
  it('sum to zero and keep the order', () => {
    expect([...contrastiveWeights(floats(0, -1, 0, 0))]).toEqual([0.25, -0.75, 0.25, 0.25])
    fc.assert(
      fc.property(rewards, (original) => {
        expect(Math.abs(sum(contrastiveWeights(original)))).toBeLessThan(1e-5)
      })
    )
  })

  it('are nothing where there is nothing to contrast', () => {
    expect([...contrastiveWeights(floats(0, 0, 0))]).toEqual([0, 0, 0])
    expect([...contrastiveWeights(floats(-1, -1))]).toEqual([0, 0])
    expect(contrastiveWeights(floats())).toHaveLength(0)
  })
})
