import { describe, expect, it } from 'vitest'
import { hash32, splitOf, splits } from '../../../../src/pipeline/optimise/split'

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
