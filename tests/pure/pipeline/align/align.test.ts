import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alignSpans,
  defaultAlignRules,
  type AlignInput,
  type AlignRules,
  type TokenRange
} from '../../../../src/pipeline/align/align'

/** Tokens as a byte-level tokenizer makes them: words with the space before them. */
function words(text: string): TokenRange[] {
  const offsets: TokenRange[] = []
  let at = 0
  for (const [part] of text.matchAll(/\s?\S+|\s+/gu)) {
    const length = [...part].length
    offsets.push([at, at + length])
    at += length
  }
  return offsets
}
const every: AlignRules = { ...defaultAlignRules, placement: 'every' }
const align = (text: string, spans: AlignInput[], rules = every): ReturnType<typeof alignSpans> =>
  alignSpans({ text, offsets: words(text), spans, rules })

describe('alignSpans, where the reference implementation goes wrong', () => {
  // Each row is a case of annotation.md 3.1: what the published code does, and what is right.
  it('gives a repeated word to the occurrence that was meant', () => {
    const text = 'Paris is big. I like Paris a lot.'
    const { rewards } = align(text, [{ quote: 'Paris', occurrence: 2, polarity: 'poor' }])
    expect([...rewards]).toEqual([0, 0, 0, 0, 0, -1, 0, 0])
  })

  it('does not drift over blank lines', () => {
    const text = 'First point.\n\nSecond point.\n\nThird point is wrong here today.'
    const { rewards } = align(text, [{ quote: 'Third point is wrong', polarity: 'poor' }])
    const marked = words(text).filter((_, i) => rewards[i] === -1)
    expect(marked.map(([start, end]) => text.slice(start, end).trim())).toEqual([
      'Third',
      'point',
      'is',
      'wrong'
    ])
  })

  it('marks all of indented code', () => {
    const text = 'def f():\n    return y * bad_call(x)'
    const { spans } = align(text, [{ quote: 'return y * bad_call(x)', polarity: 'poor' }])
    expect(spans[0].tokens).toHaveLength(4)
  })

  it('marks a word of which the quote has the larger part', () => {
    const { spans, rewards } = align('The unhelpful answer', [{ quote: 'helpful answer', polarity: 'poor' }])
    expect([...rewards]).toEqual([0, -1, -1])
    expect(spans[0].halfCovered).toEqual([1])
  })

  it('keeps a poor span inside a good one', () => {
    const { rewards, conflicts, labels } = align('The quick brown fox', [
      { quote: 'quick brown fox', polarity: 'good' },
      { quote: 'brown', polarity: 'poor' }
    ])
    expect([...rewards]).toEqual([0, 1, -1, 1])
    expect([...labels]).toEqual([0, 1, -1, 1])
    expect(conflicts).toBe(1)
  })

  it('marks Chinese', () => {
    const text = '巴黎是法国的首都。'
    const offsets = [...text].map((_, i): TokenRange => [i, i + 1])
    const spans = [{ quote: '法国的首都', polarity: 'good' as const }]
    expect([...alignSpans({ text, offsets, spans, rules: every }).rewards]).toEqual([
      0, 0, 0, 1, 1, 1, 1, 1, 0
    ])
  })

  it('gives nothing at all for a quote that is not there', () => {
    const { rewards, spans } = align('The capital of France', [
      { quote: 'capital of Spain', polarity: 'poor' }
    ])
    expect(rewards.every((reward) => reward === 0)).toBe(true)
    expect(spans[0]).toMatchObject({ tier: 'missing', issue: 'missing', tokens: [] })
    expect(align('No spans at all', []).rewards.every((reward) => reward === 0)).toBe(true)
  })
})

describe('alignSpans', () => {
  it('shares a span’s weight among its tokens by default', () => {
    const { rewards } = align(
      'one two three four',
      [{ quote: 'two three', polarity: 'poor' }],
      defaultAlignRules
    )
    expect([...rewards]).toEqual([0, -0.5, -0.5, 0])
  })

  it('says for each span where it is or why it is not', () => {
    const text = 'one two one'
    const { spans } = align(text, [
      { start: 4, end: 7, polarity: 'good' },
      { start: 4, end: 7, quote: 'two', polarity: 'good' },
      { start: 4, end: 7, quote: 'one', polarity: 'good' },
      { start: 8, end: 12, polarity: 'good' },
      { start: -1, end: 2, polarity: 'good' },
      { start: 0.5, end: 2, polarity: 'good' },
      { start: 5, end: 4, polarity: 'good' },
      { start: 3, end: 3, polarity: 'good' },
      { quote: 'one', polarity: 'good' },
      { quote: '', polarity: 'good' },
      { quote: 'two', weight: 1.5 },
      { quote: 'two', weight: NaN },
      { quote: 'two' },
      { polarity: 'good' }
    ])
    expect(spans.map(({ tier, issue }) => issue ?? tier)).toEqual([
      'offset',
      'offset',
      'quote-mismatch',
      'outside-text',
      'outside-text',
      'outside-text',
      'outside-text',
      'empty',
      'ambiguous',
      'empty',
      'bad-weight',
      'bad-weight',
      'bad-weight',
      'missing'
    ])
    for (const span of spans) expect(span.tokens.length > 0).toBe(span.issue === undefined)
  })

  it('says that there is no token to reward', () => {
    const nothing = alignSpans({
      text: 'ab',
      offsets: [],
      spans: [{ start: 0, end: 2, weight: 1 }],
      rules: every
    })
    expect(nothing.spans[0].issue).toBe('no-token')
    expect(nothing.coverage).toEqual({ positive: 0, negative: 0, neutral: 0 })
    const narrow = { ...every, widen: false }
    expect(align('thousands', [{ start: 0, end: 1, polarity: 'poor' }], narrow).spans[0].issue).toBe(
      'no-token'
    )
    expect(align('thousands', [{ start: 0, end: 1, polarity: 'poor' }]).spans[0].widened).toBe(true)
  })

  it('counts coverage and conflicts in tokens', () => {
    const { coverage, conflicts, labels } = align('a b c d e f g h', [
      { start: 0, end: 3, polarity: 'good' },
      { start: 2, end: 5, polarity: 'poor' },
      { start: 4, end: 9, polarity: 'neutral' }
    ])
    expect([...labels]).toEqual([1, -1, -1, 0, 0, 0, 0, 0])
    expect(coverage).toEqual({ positive: 1 / 8, negative: 2 / 8, neutral: 2 / 8 })
    expect(conflicts).toBe(1)
  })

  it('marks every place of a quote when told to', () => {
    const rules = { ...every, ambiguous: 'all' as const }
    const { rewards, spans } = align('one two one', [{ quote: 'one', polarity: 'poor' }], rules)
    expect([...rewards]).toEqual([-1, 0, -1])
    expect(spans[0]).toMatchObject({ tier: 'exact', start: 0, end: 3, tokens: [0, 2] })
  })

  it('takes weights as they are', () => {
    const { rewards } = align('one two', [
      { quote: 'one', weight: -0.5 },
      { quote: 'two', weight: 0.25 }
    ])
    expect([...rewards]).toEqual([-0.5, 0.25])
  })
})

const texts = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '\n', '\r\n', '\t', '👍🏽', 'e\u0301', '中', '(', '}', '\ufeff', 'word'),
  minLength: 1,
  maxLength: 40
})
/** A text cut into tokens at random, byte fragments included, and spans inside it. */
const request = texts.chain((text) => {
  const length = [...text].length
  const cuts = fc.subarray(Array.from({ length: length - 1 }, (_, i) => i + 1))
  const offsets = cuts.chain((inner) => {
    const edges = [0, ...inner, length]
    const ranges = edges.slice(1).map((end, i): TokenRange => [edges[i], end])
    return fc
      .array(fc.boolean(), { minLength: ranges.length, maxLength: ranges.length })
      .map((twice) =>
        ranges.flatMap((range, i) => (twice[i] && range[1] - range[0] === 1 ? [range, range] : [range]))
      )
  })
  const span = fc
    .tuple(fc.nat(length - 1), fc.nat(length), fc.constantFrom(-1, -0.5, 0, 0.5, 1))
    .map(([start, size, weight]) => ({ start, end: Math.min(length, start + 1 + size), weight }))
  return fc.record({
    text: fc.constant(text),
    offsets,
    spans: fc.array(span, { maxLength: 6 }),
    rules: fc.record({
      conflict: fc.constantFrom('negative-wins' as const, 'strongest' as const, 'sum' as const),
      placement: fc.constantFrom('every' as const, 'first' as const, 'last' as const, 'mean' as const),
      widen: fc.constant(true)
    })
  })
})

describe('alignSpans, whatever the text', () => {
  it('rewards only tokens that some span overlaps, within the spans’ weights', () => {
    fc.assert(
      fc.property(request, ({ text, offsets, spans, rules }) => {
        const { rewards, labels } = alignSpans({ text, offsets, spans, rules })
        offsets.forEach(([start, end], token) => {
          const over = spans.filter((span) => span.start < end && span.end > start)
          const low = Math.min(0, ...over.map(({ weight }) => weight))
          const high = Math.max(0, ...over.map(({ weight }) => weight))
          if (rules.conflict === 'sum') expect(Math.abs(rewards[token])).toBeLessThanOrEqual(1)
          else expect(rewards[token] >= low && rewards[token] <= high).toBe(true)
          if (over.length === 0) expect([rewards[token], labels[token]]).toEqual([0, 0])
        })
      })
    )
  })

  it('finds tokens for every span inside the text', () => {
    fc.assert(
      fc.property(request, (input) => {
        for (const span of alignSpans(input).spans) {
          expect(span.issue).toBeUndefined()
          expect(span.tokens.length).toBeGreaterThan(0)
        }
      })
    )
  })

  it('gives a lone span’s weight in full, shared as the placement says', () => {
    fc.assert(
      fc.property(request, ({ text, offsets, spans, rules }) => {
        for (const span of spans) {
          const { rewards, spans: aligned } = alignSpans({ text, offsets, spans: [span], rules })
          const total = rewards.reduce((sum, reward) => sum + reward, 0)
          const expected = rules.placement === 'every' ? span.weight * aligned[0].tokens.length : span.weight
          expect(total).toBeCloseTo(expected, 5)
        }
      })
    )
  })

  it('does the same each time, whatever else it was asked before, and in any order of the spans', () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const first = alignSpans(one)
        alignSpans(other)
        expect(alignSpans(one)).toEqual(first)
        const { rewards } = alignSpans({ ...one, spans: [...one.spans].reverse() })
        rewards.forEach((reward, token) => expect(reward).toBeCloseTo(first.rewards[token], 6))
      })
    )
  })

  it('finds its own quotes again: offsets → quote and occurrence → the same rewards', () => {
    fc.assert(
      fc.property(request, (input) => {
        const characters = [...input.text]
        const quoted = input.spans.map(({ start, end, weight }) => {
          const quote = characters.slice(start, end).join('')
          let occurrence = 0
          for (let i = 0; i <= start; i++)
            if (characters.slice(i, i + end - start).join('') === quote) occurrence++
          return { quote, occurrence, weight }
        })
        expect(alignSpans({ ...input, spans: quoted }).rewards).toEqual(alignSpans(input).rewards)
      })
    )
  })

  it('grows with the text and its spans, not with their product', () => {
    const timeOf = (repeats: number, spanCount: number): number => {
      const text = 'It was a “good” idea, and they all went to the park. '.repeat(repeats)
      const offsets = words(text)
      const spans = Array.from({ length: spanCount }, (_, i): AlignInput => ({
        start: i * 200,
        end: i * 200 + 60,
        polarity: i % 2 ? 'good' : 'poor'
      }))
      const started = performance.now()
      alignSpans({ text, offsets, spans, rules: defaultAlignRules })
      return performance.now() - started
    }
    // 100 tokens and 2 spans against ten times both, taken in turns; a product would cost a hundred times.
    const pairs = Array.from({ length: 31 }, () => [timeOf(9, 2), timeOf(90, 20)])
    const ratios = pairs.map(([small, large]) => large / small).sort((a, b) => a - b)
    expect(ratios[15]).toBeLessThan(40)
  })
})
