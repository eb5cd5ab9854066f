import { describe, expect, test } from 'vitest'
import { BestSoFar, bestRule } from '../../../../src/jobs/run/best-checkpoint'

const highest = { metric: 'reward/mean', direction: 'highest' } as const

/** The best after each stretch of metric values; null is a step that did not measure. */
function bests(best: BestSoFar, stretches: readonly (readonly (number | null)[])[]): (number | undefined)[] {
  return stretches.map((stretch, index) => {
    for (const value of stretch) best.see(value === null ? { other: 9 } : { other: 9, 'reward/mean': value })
    return best.close(10 * (index + 1))?.step
  })
}

describe('the best checkpoint', () => {
  test('is the one with the highest mean since the one before it', () => {
    const stretches = [[1, 2, 3], [9, -9], [2.5], [2.4, 2.5]]
    expect(bests(new BestSoFar(highest), stretches)).toEqual([10, 10, 30, 30])
  })

  test('or the lowest; of equals the earlier', () => {
    const lowest = { ...highest, direction: 'lowest' } as const
    expect(bests(new BestSoFar(lowest), [[3], [1], [1], [2]])).toEqual([10, 20, 20, 20])
  })

  test('is none while the metric was not measured, and none at all without a rule', () => {
    expect(bests(new BestSoFar(highest), [[null], [null, -5, null], [null]])).toEqual([undefined, 20, 20])
    expect(bests(new BestSoFar(null), [[1], [2]])).toEqual([undefined, undefined])
  })

  test('goes on from the one of an earlier session', () => {
    const before = { step: 7, metric: 'reward/mean', value: 2 }
    expect(bests(new BestSoFar(highest, before), [[1], [3]])).toEqual([7, 20])
  })

  test('auto names the metric of the source', () => {
    const best = { metric: 'auto', direction: 'highest' } as const
    expect(bestRule({ best, source: 'rollouts' })?.metric).toBe('reward/mean')
    expect(bestRule({ best, source: 'annotated' })?.metric).toBe('heldout/gap')
    expect(bestRule({ best: { ...best, metric: 'loss/policy' }, source: 'rollouts' })?.metric).toBe(
      'loss/policy'
    )
    expect(bestRule({ best: null, source: 'rollouts' })).toBeNull()
  })
})
