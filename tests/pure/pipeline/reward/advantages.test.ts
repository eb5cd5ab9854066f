import { describe, expect, it } from 'vitest'
import {
  floored,
  initialFloor,
  raw,
  scaleAdvantages,
  whitened
} from '../../../../src/pipeline/reward/advantages'

const sample = (values: number[], ok = true): { values: Float32Array; ok: boolean } => ({
  values: Float32Array.from(values),
  ok
})
const rows = (arrays: Float32Array[]): number[][] => arrays.map((array) => [...array])

describe('every scaling', () => {
  it('gives a batch in which nothing was marked no advantage at all', () => {
    const silent = [sample([0, 0, 0]), sample([0, 0])]
    for (const scaling of ['floored', 'whitened', 'raw'] as const) {
      const { advantages } = scaleAdvantages(scaling, silent, { floor: 0.5 })
      expect(rows(advantages)).toEqual([
        [0, 0, 0],
        [0, 0]
      ])
    }
  })

  it('leaves a failed answer out of every mean, and gives it nothing', () => {
    const batch = [sample([1, -1, 2]), sample([100, 100], false)]
    for (const scaling of ['floored', 'whitened', 'raw'] as const) {
      const { advantages } = scaleAdvantages(scaling, batch, initialFloor)
      const alone = scaleAdvantages(scaling, [batch[0]], initialFloor)
      expect([...advantages[0]]).toEqual([...alone.advantages[0]])
      expect([...advantages[1]]).toEqual([0, 0])
    }
  })

  it('survives a batch of failures', () => {
    for (const scaling of ['floored', 'whitened', 'raw'] as const)
      expect(rows(scaleAdvantages(scaling, [sample([3], false)], initialFloor).advantages)).toEqual([[0]])
  })
})

describe('floored', () => {
  it('divides by the RMS, and does not centre', () => {
    const { advantages, state } = floored([sample([0, -3]), sample([0, 4])], initialFloor)
    expect(state.floor).toBe(2.5)
    expect(rows(advantages)).toEqual([
      [0, Math.fround(-1.2)],
      [0, Math.fround(1.6)]
    ])
  })

  it('does not amplify silence: after loud batches a faint one stays faint', () => {
    let state = initialFloor
    for (let step = 0; step < 5; step++) state = floored([sample([-1, 0, 0, 0])], state).state
    const { advantages } = floored([sample([-0.01, 0, 0, 0])], state)
    expect(Math.abs(advantages[0][0])).toBeLessThan(0.03)
    // Whitening makes as much of it as of the loud ones.
    expect(Math.abs(whitened([sample([-0.01, 0, 0, 0])])[0][0])).toBeGreaterThan(1.4)
  })

  it('forgets a loud batch by one percent a step', () => {
    const loud = floored([sample([1])], initialFloor).state
    expect(floored([sample([0])], loud).state.floor).toBeCloseTo(0.99, 10)
  })

  it('does not blow up the noise of a batch that was never loud', () => {
    const { advantages } = floored([sample([1e-4, -1e-4])], initialFloor)
    expect(advantages[0][0]).toBeCloseTo(0.01, 6)
  })
})

describe('whitened', () => {
  it('has mean 0 and variance 1 over all tokens together', () => {
    const [one, two] = whitened([sample([1, 2]), sample([3, 6])])
    const all = [...one, ...two]
    expect(all.reduce((a, b) => a + b) / 4).toBeCloseTo(0, 6)
    expect(all.reduce((a, b) => a + b * b, 0) / 3).toBeCloseTo(1, 5)
    expect(all[0]).toBeCloseTo(-2 / Math.sqrt(14 / 3), 5)
  })
})

describe('raw', () => {
  it('changes nothing', () => {
    expect(rows(raw([sample([1, -2])]))).toEqual([[1, -2]])
  })
})
