import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anchorOf, placesOf } from '../../../../src/pipeline/annotate/anchor'
import {
  codePointLength,
  hasLoneSurrogate,
  offsetUnits,
  pointOffset,
  sliceCodePoints,
  toCodePoints,
  unitIndex
} from '../../../../src/pipeline/annotate/code-points'

/** Texts with emoji of several code points, CRLF, tabs, byte order marks, combining marks and plain letters. */
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '👩🏻‍🚒',
      '😀',
      '\r\n',
      '\t',
      '\ufeff',
      'é',
      'e\u0301',
      '한',
      '\u{1f1e9}\u{1f1ea}',
      ' '
    ),
    { maxLength: 40 }
  )
  .map((parts) => parts.join(''))
const textAndRange = text.chain((given) =>
  fc
    .tuple(fc.nat(codePointLength(given)), fc.nat(codePointLength(given)))
    .map(([a, b]) => ({ given, start: Math.min(a, b), end: Math.max(a, b) }))
)

describe('code points', () => {
  it('slice as an array of characters does', () => {
    fc.assert(
      fc.property(textAndRange, ({ given, start, end }) => {
        const characters = [...given]
        expect(codePointLength(given)).toBe(characters.length)
        expect(sliceCodePoints(given, start, end)).toBe(characters.slice(start, end).join(''))
        expect(pointOffset(given, unitIndex(given, start))).toBe(start)
      })
    )
  })

  it('come back from every unit that a file may count in', () => {
    fc.assert(
      fc.property(textAndRange, fc.constantFrom(...offsetUnits), ({ given, start }, unit) => {
        const before = [...given].slice(0, start).join('')
        const counted = {
          'code-points': start,
          'utf-16': before.length,
          'utf-8': new TextEncoder().encode(before).length
        }[unit]
        expect(toCodePoints(given, counted, unit)).toBe(start)
      })
    )
    expect(toCodePoints('😀', 1, 'utf-16')).toBeNull()
    expect(toCodePoints('😀', 3, 'utf-8')).toBeNull()
    expect(toCodePoints('ab', 3, 'code-points')).toBeNull()
  })

  it('tell a lone surrogate from a pair', () => {
    expect(hasLoneSurrogate('a 😀')).toBe(false)
    expect(hasLoneSurrogate('a \ud83d')).toBe(true)
    expect(hasLoneSurrogate('\ude00\ud83d')).toBe(true)
  })
})

describe('anchors', () => {
  it('lead back to their place', () => {
    fc.assert(
      fc.property(
        textAndRange.filter(({ start, end }) => end > start),
        ({ given, start, end }) => {
          const { quote, prefix, suffix, occurrence } = anchorOf(given, { start, end })
          expect(quote).toBe(sliceCodePoints(given, start, end))
          expect(sliceCodePoints(given, Math.max(0, start - 32), start)).toBe(prefix)
          expect(sliceCodePoints(given, end, end + 32)).toBe(suffix)
          expect(placesOf(given, quote)[occurrence - 1]).toEqual({ start, end })
        }
      )
    )
  })

  it('count overlapping occurrences', () => {
    expect(placesOf('aaaa', 'aa').map(({ start }) => start)).toEqual([0, 1, 2])
    expect(anchorOf('aaaa', { start: 2, end: 4 }).occurrence).toBe(3)
    expect(placesOf('abc', '')).toEqual([])
  })
})
