import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gae, rewardsToGo } from '../../../../src/pipeline/reward/gae'

const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers)

describe('gae', () => {
  it('agrees with a hand calculation', () => {
    // γ = 1, λ = 0.5, from the end: δ2 = 1 − 0.5 = 0.5; δ1 = 0 + 0.5 − 0.2 = 0.3; δ0 = −1 + 0.2 − 0.1 = −0.9.
    // A2 = 0.5; A1 = 0.3 + 0.25 = 0.55; A0 = −0.9 + 0.275 = −0.625.
    const { advantages, returns } = gae(floats(-1, 0, 1), floats(0.1, 0.2, 0.5), 1, 0.5)
    ;[-0.625, 0.55, 0.5].forEach((value, t) => expect(advantages[t]).toBeCloseTo(value, 6))
    ;[-0.525, 0.75, 1].forEach((value, t) => expect(returns[t]).toBeCloseTo(value, 6))
  })

  it('is the definition’s sum of discounted errors', () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true })
    const answers = fc.array(fc.tuple(number, number), { maxLength: 12 })
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(answers, share, share, (tokens, gamma, lambda) => {
        const rewards = floats(...tokens.map(([reward]) => reward))
        const values = floats(...tokens.map(([, value]) => value))
        const { advantages } = gae(rewards, values, gamma, lambda)
        for (let t = 0; t < rewards.length; t++) {
          let expected = 0
          for (let later = t; later < rewards.length; later++) {
            const delta = rewards[later] + gamma * (values[later + 1] ?? 0) - values[later]
            expected += (gamma * lambda) ** (later - t) * delta
          }
          expect(advantages[t]).toBeCloseTo(expected, 4)
        }
      })
    )
  })

  it('with λ = 1 and no values is the sum of what is to come', () => {
    expect([...rewardsToGo(floats(1, 0, -2, 4), 1, 1)]).toEqual([3, 2, 2, 4])
    expect(rewardsToGo(floats(), 1, 0.95)).toHaveLength(0)
  })
})
