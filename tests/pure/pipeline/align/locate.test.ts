import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { haystack, locate } from '../../../../src/pipeline/align/locate'
import { sliceCodePoints } from '../../../../src/pipeline/annotate/code-points'

const find = (
  text: string,
  quote: string,
  occurrence?: number,
  rules: Parameters<typeof locate>[3] = {}
): ReturnType<typeof locate> => locate(haystack(text), quote, occurrence, rules)

describe('locate', () => {
  it('finds what stands once', () => {
    expect(find('Paris is big.', 'is big')).toEqual({ tier: 'exact', ranges: [{ start: 6, end: 12 }] })
  })

  it('counts in code points', () => {
    const text = '👨🏻‍🚒 firemen drive firetrucks at work'
    expect(find(text, 'firetrucks').ranges).toEqual([{ start: 19, end: 29 }])
  })

  it('counts occurrences from 1, overlapping ones included', () => {
    expect(find('aaaa', 'aa', 2).ranges).toEqual([{ start: 1, end: 3 }])
    expect(find('aaaa', 'aa', 3).ranges).toEqual([{ start: 2, end: 4 }])
    for (const occurrence of [4, 0, -1, 1.5, NaN])
      expect(find('aaaa', 'aa', occurrence)).toEqual({ tier: 'missing', ranges: [], issue: 'missing' })
  })

  it('does as it is told with a quote that stands several times', () => {
    const text = 'Paris is big. I like Paris a lot.'
    expect(find(text, 'Paris')).toEqual({ tier: 'ambiguous', ranges: [], issue: 'ambiguous' })
    expect(find(text, 'Paris', undefined, { ambiguous: 'reject' }).issue).toBe('ambiguous')
    expect(find(text, 'Paris', undefined, { ambiguous: 'first' }).ranges).toEqual([{ start: 0, end: 5 }])
    expect(find(text, 'Paris', undefined, { ambiguous: 'all' }).ranges).toEqual([
      { start: 0, end: 5 },
      { start: 21, end: 26 }
    ])
    expect(find(text, 'Paris', 2).ranges).toEqual([{ start: 21, end: 26 }])
  })

  const folded: [string, string, string, string][] = [
    [
      'white space',
      'First point.\r\n\r\n\tSecond  point.',
      'point. Second point',
      'point.\r\n\r\n\tSecond  point'
    ],
    ['a no-break space', 'ten\u00a0km away', 'ten km', 'ten\u00a0km'],
    ['curly quotes', 'He said “it’s fine”.', `said "it's fine"`, 'said “it’s fine”'],
    ['straight quotes', `He said "it's fine".`, 'said “it’s fine”', `said "it's fine"`],
    ['composed letters', 'un cafe\u0301 noir', 'café', 'cafe\u0301'],
    ['decomposed letters', 'un café noir', 'cafe\u0301 noir', 'café noir'],
    [
      'Hangul in parts',
      '\u1112\u1161\u11ab\u1100\u1173\u11af!',
      '한글',
      '\u1112\u1161\u11ab\u1100\u1173\u11af'
    ],
    ['space around the quote', 'one two three', ' two\n', 'two']
  ]
  it.each(folded)('folds %s and leads back to the words as written', (_, text, quote, written) => {
    const { tier, ranges } = find(text, quote)
    expect(tier).toBe('normalised')
    expect(sliceCodePoints(text, ranges[0].start, ranges[0].end)).toBe(written)
  })

  it('does not fold letters’ case, and finds nothing in place of nothing', () => {
    expect(find('The end', 'the end').issue).toBe('missing')
    expect(find('The end', '').issue).toBe('empty')
    expect(find('', 'x').issue).toBe('missing')
    expect(find('abc', '\t').issue).toBe('missing')
  })

  describe('nearly', () => {
    const fuzzy = { fuzzy: true }
    const text = 'The capital of Spain is Madrid, and the capital of France is Paris.'

    it('is tried only when asked', () => {
      expect(find(text, 'capital of Spian is Madrid').issue).toBe('missing')
      const { tier, ranges } = find(text, 'capital of Spian is Madrid', undefined, fuzzy)
      expect(tier).toBe('fuzzy')
      expect(sliceCodePoints(text, ranges[0].start, ranges[0].end)).toBe('capital of Spain is Madrid')
    })

    it('leaves what is too different, and what fits twice', () => {
      expect(find(text, 'capital of Germany is Berlin', undefined, fuzzy).issue).toBe('missing')
      expect(find('colour red one, colour red two', 'color redd', undefined, fuzzy).issue).toBe('ambiguous')
      // One error here, two there: not far enough ahead.
      expect(find('green apples; green apply!', 'green applex', undefined, fuzzy).issue).toBe('ambiguous')
      expect(find('abcd', 'abxd', undefined, fuzzy).issue).toBe('missing')
    })

    it('keeps characters whole', () => {
      const emoji = 'we 👍🏽 firetrucks all day'
      const { ranges } = find(emoji, 'we 👍🏽 firetruks all', undefined, fuzzy)
      expect(sliceCodePoints(emoji, ranges[0].start, ranges[0].end)).toBe('we 👍🏽 firetrucks all')
    })
  })

  it('finds every stretch of every text again, by its own occurrence', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '\r\n', '👍', 'é', 'e\u0301', '“'),
      minLength: 1
    })
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (text, from, size) => {
        const characters = [...text]
        const start = from % characters.length
        const end = start + 1 + (size % (characters.length - start))
        const quote = characters.slice(start, end).join('')
        let occurrence = 0
        for (let i = 0; i <= start; i++)
          if (characters.slice(i, i + end - start).join('') === quote) occurrence++
        expect(find(text, quote, occurrence)).toEqual({ tier: 'exact', ranges: [{ start, end }] })
      })
    )
  })
})
