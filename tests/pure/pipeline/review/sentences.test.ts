import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sliceCodePoints } from '../../../../src/pipeline/annotate/code-points'
import { sentences } from '../../../../src/pipeline/review/sentences'

const split = (text: string): string[] =>
  sentences(text).map(({ start, end }) => sliceCodePoints(text, start, end))

describe('sentences', () => {
  const cases: [string, string[]][] = [
    ['Once upon a time. She ran!  Why?', ['Once upon a time.', 'She ran!', 'Why?']],
    ['"Stop!" he said. (Then he left.) End', ['"Stop!"', 'he said.', '(Then he left.)', 'End']],
    ['It costs 3.50 at example.org... Really', ['It costs 3.50 at example.org...', 'Really']],
    ['A title\r\n\r\nA line\n\tand another', ['A title', 'A line', 'and another']],
    ['Dr. Smith', ['Dr.', 'Smith']],
    ['今天下雨。他说：“好！”走了', ['今天下雨。', '他说：“好！”', '走了']],
    ['👍🏽 yes. 👍🏽 no.', ['👍🏽 yes.', '👍🏽 no.']],
    ['', []],
    [' \n ', []]
  ]
  it.each(cases)('splits %j', (text, expected) => {
    expect(split(text)).toEqual(expected)
  })

  it('leaves out nothing but white space, and keeps the order', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', ' ', '.', '!', '"', '\n', '。', '👍', '\r') })
    fc.assert(
      fc.property(texts, (text) => {
        expect(split(text).join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
        let last = 0
        for (const { start, end } of sentences(text)) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          last = end
        }
      })
    )
  })

  it('takes linear time over a long row of dots', () => {
    const started = performance.now()
    sentences('.'.repeat(200_000) + 'x')
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
