import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chance, type Chance } from '../../../../src/pipeline/optimise/chance'
import { all, applyControl, random, rotate, scalar, shuffle } from '../../../../src/pipeline/reward/controls'

const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers)
const draws = (sample = 0): Chance => chance(1, 'control', 0, sample)
const rewards = fc
  .array(fc.constantFrom(0, 0, 0, -1, -0.5, 0.25, 1), { maxLength: 30 })
  .map((values) => Float32Array.from(values))
const sorted = (values: Float32Array): number[] => [...values].sort((a, b) => a - b)
const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)

describe('controls', () => {
  it('shuffle keeps an answer’s rewards and moves its spans whole', () => {
    fc.assert(
      fc.property(rewards, fc.nat(1000), (original, sample) => {
        expect(sorted(shuffle(original, draws(sample)))).toEqual(sorted(original))
      })
    )
    const moved = Array.from({ length: 40 }, (_, i) =>
      shuffle(floats(-1, -1, -1, 0, 0, 0, 0, 0), draws(i)).join()
    )
    expect(new Set(moved).size).toBe(6) // a span of three among eight tokens
    expect(moved).toContain('0,0,0,-1,-1,-1,0,0')
  })

  it('random keeps only the sizes', () => {
    fc.assert(
      fc.property(rewards, fc.nat(1000), (original, sample) => {
        const sizes = random(original, draws(sample)).map(Math.abs)
        expect(sorted(sizes)).toEqual(sorted(original.map(Math.abs)))
      })
    )
    const sums = Array.from({ length: 400 }, (_, i) => sum(random(floats(0, -1, 0, 0), draws(i))))
    expect(Math.abs(sums.reduce((a, b) => a + b) / 400)).toBeLessThan(0.15)
  })

  it('all and scalar keep the sum', () => {
    expect([...all(floats(0, -1, 0, 0))]).toEqual([-0.25, -0.25, -0.25, -0.25])
    expect([...scalar(floats(0, -1, 0.5, 0))]).toEqual([0, 0, 0, -0.5])
    expect(all(floats())).toHaveLength(0)
    expect(scalar(floats())).toHaveLength(0)
  })

  it('rotate gives every answer another one’s rewards, cut or filled to its length', () => {
    const [one, two] = rotate([floats(1, 2, 3), floats(4, 5)], draws())
    expect([...one]).toEqual([4, 5, 0])
    expect([...two]).toEqual([1, 2])
    expect([...rotate([floats(1, 2)], draws())[0]]).toEqual([0, 0])
    for (let step = 0; step < 50; step++) {
      const turned = rotate([floats(0), floats(1), floats(2), floats(3)], chance(1, 'control', step))
      turned.forEach((values, i) => expect(values[0]).not.toBe(i))
    }
  })

  it('applyControl leaves failed answers out', () => {
    const batch = [
      { rewards: floats(1, 0), ok: true },
      { rewards: floats(9, 9), ok: false },
      { rewards: floats(0, -1), ok: true }
    ]
    const rows = (control: Parameters<typeof applyControl>[0]): number[][] =>
      applyControl(control, batch, draws).map((values) => [...values])
    expect(rows('none')).toEqual([
      [1, 0],
      [0, 0],
      [0, -1]
    ])
    expect(rows('rotate')).toEqual([
      [0, -1],
      [0, 0],
      [1, 0]
    ])
    expect(rows('all')).toEqual([
      [0.5, 0.5],
      [0, 0],
      [-0.5, -0.5]
    ])
    expect(rows('shuffle')).toEqual(rows('shuffle'))
    expect(rows('random')[1]).toEqual([0, 0])
  })
})
