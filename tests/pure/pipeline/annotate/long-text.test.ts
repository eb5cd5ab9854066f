import { expect, test } from 'vitest'
import { anchorOf } from '../../../../src/pipeline/annotate/anchor'
import {
  codePointLength,
  pointOffset,
  sliceCodePoints,
  toCodePoints,
  unitIndex
} from '../../../../src/pipeline/annotate/code-points'
import { forgetLongText, longFrom, longText } from '../../../../src/pipeline/annotate/long-text'
import { chance } from '../../../../src/pipeline/optimise/chance'

const kinds = ['a', 'é', '中', '😀', '\n']
/** Every kind of character, so that pairs stand across the places that are remembered. */
function mixed(seed: number, length: number): string {
  const draw = chance(seed, 'evaluation')
  return Array.from({ length }, () => kinds[Math.floor(draw.uniform() * kinds.length)]).join('')
}

test('a long text has the offsets that walking it gives, in every unit', () => {
  for (const seed of [1, 2]) {
    const text = mixed(seed, longFrom + 100 * seed)
    const wrong: string[] = []
    const check = (what: string, found: number | null, wanted: number | null): void => {
      if (found !== wanted) wrong.push(`${what}: ${found}, not ${wanted}`)
    }
    let [point, unit, byte] = [0, 0, 0]
    for (const character of text) {
      check('unit', unitIndex(text, point), unit)
      check('point', pointOffset(text, unit), point)
      check('utf-16', toCodePoints(text, unit, 'utf-16'), point)
      check('utf-8', toCodePoints(text, byte, 'utf-8'), point)
      const size = Buffer.byteLength(character)
      if (character.length === 2) {
        check('point within', pointOffset(text, unit + 1), point)
        check('utf-16 within', toCodePoints(text, unit + 1, 'utf-16'), null)
      }
      if (size > 1) check('utf-8 within', toCodePoints(text, byte + 1, 'utf-8'), null)
      point++
      unit += character.length
      byte += size
    }
    check('length', codePointLength(text), point)
    check('last unit', unitIndex(text, point), text.length)
    check('beyond', unitIndex(text, point + 5), text.length)
    check('last point', pointOffset(text, text.length), point)
    check('last byte', toCodePoints(text, byte, 'utf-8'), point)
    check('byte beyond', toCodePoints(text, byte + 1, 'utf-8'), null)
    check('utf-16 beyond', toCodePoints(text, text.length + 1, 'utf-16'), null)
    expect(wrong).toEqual([])
  }
})

test('occurrences are counted from 1, wherever one asks first, overlapping ones included', () => {
  const text = 'ababa😀'.repeat(2000)
  for (const place of [1999, 3, 4, 1000, 0]) {
    expect(anchorOf(text, { start: 6 * place, end: 6 * place + 3 }).occurrence).toBe(2 * place + 1)
    expect(anchorOf(text, { start: 6 * place + 2, end: 6 * place + 5 }).occurrence).toBe(2 * place + 2)
  }
})

test('a thousand spans of one long text walk it once', () => {
  const sentence = 'One of eight million characters, 😀 among them. '
  const text = sentence.repeat(170_000)
  const index = longText(text)
  for (let span = 0; span < 1000; span++) {
    const start = span * 7000
    expect(codePointLength(text)).toBe(index.length)
    expect(anchorOf(text, { start, end: start + 300 }).quote).toBe(sliceCodePoints(text, start, start + 300))
    expect(longText(text)).toBe(index)
  }
  forgetLongText()
  expect(longText(text)).not.toBe(index)
  forgetLongText()
})
