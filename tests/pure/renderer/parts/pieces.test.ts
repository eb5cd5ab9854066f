import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutPieces, tintScale } from '../../../../src/renderer/src/parts/pieces'

describe('pieces', () => {
  it('carry the number of their token and the mark over them', () => {
    const pieces = cutPieces('The bridge', {
      offsets: [
        [0, 3],
        [3, 10]
      ],
      values: [0, -0.5],
      spans: [{ start: 4, end: 10, label: -1 }]
    })
    expect(pieces.map(({ text, token, value, polarity }) => [text, token, value, polarity])).toEqual([
      ['The', 0, 0, null],
      [' ', 1, -0.5, null],
      ['bridge', 1, -0.5, 'poor']
    ])
  })

  it('sum over byte tokens of one character', () => {
    const offsets = [
      [0, 1],
      [0, 1],
      [1, 2]
    ] as const
    const pieces = cutPieces('🇫b', { offsets, values: [0.25, 0.5, 1], spans: [] })
    expect(pieces.map(({ text, value }) => [text, value])).toEqual([
      ['🇫', 0.75],
      ['b', 1]
    ])
  })

  it('show a poor mark under a good one', () => {
    const spans = [
      { start: 0, end: 4, label: 1 },
      { start: 2, end: 3, label: -1 }
    ]
    expect(cutPieces('abcd', { offsets: [], spans }).map(({ text, polarity }) => [text, polarity])).toEqual([
      ['ab', 'good'],
      ['c', 'poor'],
      ['d', 'good']
    ])
  })

  it('make up the text', () => {
    const cut = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 15 }),
        fc.array(cut),
        fc.array(cut),
        (text, some, changed) => {
          const spans = some.map(([start, end]) => ({ start, end, label: 1 }))
          expect(
            cutPieces(text, { offsets: [], spans, changed })
              .map((piece) => piece.text)
              .join('')
          ).toBe(text)
        }
      )
    )
  })
})

describe('the scale of a tint', () => {
  it('is not set by one outlier', () => {
    expect(tintScale([[...Array<number>(99).fill(0.1), -9]])).toBe(0.1)
  })
  it('is 1 where there is nothing', () => {
    expect(tintScale([[0, 0], []])).toBe(1)
  })
})
