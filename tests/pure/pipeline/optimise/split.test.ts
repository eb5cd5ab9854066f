import { describe, expect, it } from 'vitest'
import { drawSplit, hash32, splitOf, splits, type Split } from '../../../../src/pipeline/optimise/split'

describe('splitOf', () => {
  it('never changes for an id', () => {
    // Written down once: if this fails, every project's split has moved.
    expect(['doc-1', 'doc-2', 'doc-3', 'ünïcode', ''].map(hash32)).toMatchInlineSnapshot(`
      [
        1578409436,
        2108982694,
        587914325,
        828506380,
        2872998923,
      ]
    `)
  })

  it('gives the shares asked for, also to ids that look alike', () => {
    for (const prefix of ['', 'document-', '0000000']) {
      const counts = { train: 0, dev: 0, test: 0 }
      for (let i = 0; i < 10_000; i++) counts[splitOf(`${prefix}${i}`)]++
      expect(Math.abs(counts.train - 8000)).toBeLessThan(160)
      expect(Math.abs(counts.dev - 1000)).toBeLessThan(120)
      expect(Math.abs(counts.test - 1000)).toBeLessThan(120)
    }
  })

  it('takes other shares', () => {
    expect(splitOf('anything', { train: 1, dev: 0 })).toBe('train')
    expect(splitOf('anything', { train: 0, dev: 1 })).toBe('dev')
    expect(splitOf('anything', { train: 0, dev: 0 })).toBe('test')
    expect(splits).toEqual(['train', 'dev', 'test'])
  })
})

describe('drawSplit', () => {
  const drawn = (records: number, counts: Record<Split, number>, seed: number): Split[] =>
    Array.from({ length: records }, (_, record) => drawSplit(records, counts, seed)(record))
  const sizes = (sides: readonly Split[]): number[] =>
    splits.map((split) => sides.filter((side) => side === split).length)

  it('has exactly as many on each side as asked, or in their proportion', () => {
    const counts = { train: 216, dev: 24, test: 60 }
    expect(sizes(drawn(300, counts, 1))).toEqual([216, 24, 60])
    expect(sizes(drawn(30, counts, 1))).toEqual([22, 2, 6])
    expect(sizes(drawn(7, { train: 0, dev: 0, test: 3 }, 1))).toEqual([0, 0, 7])
    expect(sizes(drawn(1, { train: 8, dev: 1, test: 1 }, 1))).toEqual([1, 0, 0])
  })

  it('is the same for a seed and another for another; who comes first is not favoured', () => {
    const counts = { train: 1, dev: 1, test: 2 }
    expect(drawn(40, counts, 1)).toEqual(drawn(40, counts, 1))
    expect(drawn(40, counts, 1)).not.toEqual(drawn(40, counts, 2))
    const first = Array.from({ length: 200 }, (_, seed) => drawn(8, counts, seed)[0])
    expect(Math.abs(sizes(first)[2] - 100)).toBeLessThan(25)
  })
})
