import { describe, expect, it } from 'vitest'
import { k1, rewardsWithKl } from '../../../../src/pipeline/reward/kl'

const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers)

describe('rewardsWithKl', () => {
  it('takes the coefficient times k1 off every token', () => {
    const kl = k1(floats(-1, -2, -3), floats(-1.5, -2, -2))
    expect([...kl]).toEqual([0.5, 0, -1])
    const rewards = rewardsWithKl(floats(0, -1, 1), kl, 0.25)
    expect([...rewards]).toEqual([-0.125, -1, 1.25])
  })

  it('leaves rewards alone while the policy is where it started', () => {
    const rewards = floats(0, -0.5, 1)
    expect(rewardsWithKl(rewards, k1(floats(-1, -2, -3), floats(-1, -2, -3)), 0.3)).toEqual(rewards)
  })
})
