import { describe, expect, it } from 'vitest'
import { chance, denseUniforms, streams, uniform, uniforms } from '../../../../src/pipeline/optimise/chance'
import { philox4x32 } from '../../../../src/pipeline/optimise/philox'

const hex = (words: Uint32Array): string =>
  [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')

describe('philox4x32', () => {
  // The known answers published with Random123 (kat_vectors, philox4x32, 10 rounds).
  const known: [number[], string][] = [
    [[0, 0, 0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [Array<number>(6).fill(0xffffffff), '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1'
    ]
  ]
  it.each(known)('gives the known answer for %j', ([c0, c1, c2, c3, k0, k1], expected) => {
    expect(hex(philox4x32(new Uint32Array(4), c0, c1, c2, c3, k0, k1))).toBe(expected)
  })
})

describe('uniform', () => {
  it('is never 1, also as float32, whatever the bits', () => {
    const largest = (0xffffffff >>> 8) * 2 ** -24
    expect(largest).toBeLessThan(1)
    expect(Math.fround(largest)).toBe(largest)
  })

  it('depends on every one of its five keys', () => {
    const base = uniform(1, 'sampling', 2, 3, 4)
    expect(uniform(1, 'sampling', 2, 3, 4)).toBe(base)
    const others = [
      uniform(2, 'sampling', 2, 3, 4),
      uniform(1 + 2 ** 32, 'sampling', 2, 3, 4),
      uniform(1, 'order', 2, 3, 4),
      uniform(1, 'sampling', 3, 3, 4),
      uniform(1, 'sampling', 2, 4, 4),
      uniform(1, 'sampling', 2, 3, 5)
    ]
    expect(new Set([base, ...others]).size).toBe(7)
  })

  it('fills a batch with the same numbers, whatever the size of the batch', () => {
    const whole = uniforms(7, 'sampling', 5, 4, 6)
    const tail = uniforms(7, 'sampling', 5, 2, 6, 2)
    expect([...whole.subarray(12)]).toEqual([...tail])
    expect(whole[3 * 6 + 2]).toBe(uniform(7, 'sampling', 5, 3, 2))
  })

  it('is spread evenly', () => {
    const numbers = uniforms(1, 'sampling', 0, 100, 1000)
    const bins = new Array<number>(20).fill(0)
    for (const number of numbers) bins[Math.floor(number * 20)]++
    const chiSquare = bins.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0)
    expect(chiSquare).toBeLessThan(43.8) // 19 degrees of freedom, p = 0.001
  })
})

describe('chance', () => {
  it('repeats its sequence and keeps streams apart', () => {
    const draw = (stream: keyof typeof streams): number[] => {
      const drawer = chance(3, stream, 1, 2)
      return [drawer.uniform(), drawer.uniform(), drawer.uniform()]
    }
    expect(draw('order')).toEqual(draw('order'))
    expect(draw('order')).not.toEqual(draw('control'))
  })

  it('draws standard normals', () => {
    const drawer = chance(1, 'parameters')
    const numbers = Array.from({ length: 20_000 }, () => drawer.normal())
    const mean = numbers.reduce((a, b) => a + b) / numbers.length
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
    expect(numbers.every(Number.isFinite)).toBe(true)
  })

  it('draws integers below n, all of them', () => {
    const drawer = chance(1, 'order')
    const seen = new Set(Array.from({ length: 500 }, () => drawer.integer(7)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(drawer.integer(1)).toBe(0)
  })

  it('shuffles every order equally often and leaves its input alone', () => {
    const drawer = chance(1, 'order')
    const input = ['a', 'b', 'c']
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = drawer.shuffle(input).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(input).toEqual(['a', 'b', 'c'])
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })

  it('gives every stream its own number', () => {
    expect(new Set(Object.values(streams)).size).toBe(Object.keys(streams).length)
  })
})

describe('denseUniforms', () => {
  it('takes all four words of a block, the first of which is the number of a token', () => {
    const numbers = denseUniforms(11, 'dropout', 3, 2, 10, 5)
    for (const sample of [0, 1])
      for (let index = 0; index < 10; index++) {
        const words = philox4x32(
          new Uint32Array(4),
          Math.floor(index / 4),
          5 + sample,
          3,
          streams.dropout,
          11,
          0
        )
        expect(numbers[sample * 10 + index]).toBe((words[index % 4] >>> 8) * 2 ** -24)
      }
    expect(numbers[4]).toBe(uniform(11, 'dropout', 3, 5, 1))
  })

  it('does not depend on how many are asked for', () => {
    const few = denseUniforms(1, 'dropout', 2, 1, 6)
    expect([...denseUniforms(1, 'dropout', 2, 1, 11).subarray(0, 6)]).toEqual([...few])
  })
})
