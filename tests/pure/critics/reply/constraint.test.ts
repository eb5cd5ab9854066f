import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replyVocabulary } from '../../../../src/critics/reply/choices'
import { replyConstraint } from '../../../../src/critics/reply/constraint'
import { serialiseReply } from '../../../../src/critics/reply/format'
import { lacksShared } from '../../../shared-data'
import { numbers } from '../../engine/checkpoint/random-model'
import {
  bytesAnd,
  checkReply,
  crossing,
  openFolder,
  openShared,
  randomReply,
  responses,
  sharedTokenizers,
  starterFolder,
  type Spelling
} from './replies'

function vocabularyOf(tokenizer: Spelling, end: number, more = 0) {
  return replyVocabulary({ tokenizer, size: tokenizer.vocabularySize + more, endTokens: [end] })
}
const crossed = vocabularyOf(crossing, crossing.end)
const encoder = new TextEncoder()

/** Whether a text may be written, byte by byte, and be the whole reply. */
function accepts(text: string | readonly number[], response: string): boolean {
  const constraint = replyConstraint(crossed, response)
  const bytes = [...(typeof text === 'string' ? encoder.encode(text) : text)]
  const ids: number[] = []
  for (const byte of bytes) {
    if (constraint.mask(ids, 10_000)[byte] !== 1) return false
    ids.push(byte)
  }
  return constraint.mask(ids, 10_000)[crossing.end] === 1
}

/** `count` replies by chance, at budgets from the shortest up; every one of them is checked. */
function writeMany(tokenizer: Spelling, end: number, count: number, seed: number): number {
  const vocabulary = vocabularyOf(tokenizer, end, 3)
  const chance = numbers(seed)
  let spans = 0
  for (let index = 0; index < count; index++) {
    const response = responses[index % responses.length]
    const constraint = replyConstraint(vocabulary, response)
    const budget = constraint.shortest + Math.floor(chance() ** 2 * 300)
    const ids = randomReply(constraint, tokenizer, [end], budget, chance)
    expect(ids.at(-1)).toBe(end)
    expect(constraint.isComplete(ids)).toBe(true)
    spans += checkReply(tokenizer.decode(ids), response)
  }
  return spans
}

describe('a constrained reply', () => {
  it('parses and its quotes are found, whatever chance writes, with tokens across all borders', () => {
    expect(writeMany(crossing, crossing.end, 320, 1)).toBeGreaterThan(160)
  })

  it('parses with the tokenizer of the starter model', () => {
    const tokenizer = openFolder(starterFolder)
    expect(writeMany(tokenizer, tokenizer.eos ?? -1, 160, 2)).toBeGreaterThan(80)
  })

  for (const name of sharedTokenizers)
    it.skipIf(lacksShared(name))(`parses with ${name}`, () => {
      const tokenizer = openShared(name)
      expect(writeMany(tokenizer, tokenizer.eos ?? -1, 64, 3)).toBeGreaterThan(30)
    })

  it('may be any canonical reply about the response, in any tokens', () => {
    const words = fc.string({ unit: 'binary', maxLength: 12 })
    const mark = fc.record({
      at: fc.nat(),
      length: fc.nat(9),
      reason: words,
      polarity: fc.constantFrom('good', 'poor', 'neutral')
    })
    fc.assert(
      fc.property(
        words,
        words,
        fc.array(mark, { maxLength: 3 }),
        fc.array(fc.nat()),
        (text, critique, marks, cuts) => {
          const response = `aé"${text}👍🏽aé`
          const clusters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(response)]
          const spans = marks.map(({ at, length, ...rest }) => {
            const first = at % clusters.length
            const last = Math.min(first + length, clusters.length - 1)
            const quote = response.slice(
              clusters[first].index,
              clusters[last].index + clusters[last].segment.length
            )
            return { quote, occurrence: occurrenceOf(response, quote, clusters[first].index), ...rest }
          })
          const reply = encoder.encode(serialiseReply({ critique: `!${critique}`, spans } as never))
          const constraint = replyConstraint(crossed, response)
          const ids: number[] = []
          for (let at = 0; at < reply.length;) {
            // Of the tokens that stand here, sometimes the longest, sometimes the byte.
            const fits = Array.from({ length: crossing.end }, (_, id) => id).filter((id) => {
              const bytes = crossing.tokenBytes(id)
              return bytes.every((byte, i) => reply[at + i] === byte) && bytes.length > 0
            })
            const id = fits[(cuts[at % (cuts.length || 1)] ?? 0) % fits.length]
            expect(constraint.mask(ids, 5000)[id]).toBe(1)
            ids.push(id)
            at += crossing.tokenBytes(id).length
          }
          expect(
            [...constraint.mask(ids, 5000).keys()].filter((id) => constraint.mask(ids, 5000)[id] === 1)
          ).toEqual([crossing.end])
        }
      ),
      { numRuns: 30 }
    )
  })

  const said = '{"critique":"Fine.","spans":['
  const span = (quote: string, number: string, polarity = 'poor'): string =>
    `{"quote":${quote},"occurrence":${number},"polarity":"${polarity}","reason":""}`
  it.each([
    [`${said}]}`, 'no no', true],
    [`${said}${span('"no"', '2')}]}`, 'no no', true],
    [`${said}${span('"no"', '3')}]}`, 'no no', false],
    [`${said}${span('"no"', '0')}]}`, 'no no', false],
    [`${said}${span('"no"', '01')}]}`, 'no no', false],
    [`${said}${span('"aa"', '10')}]}`, 'aaaaaaaaaaa', true],
    [`${said}${span('"aa"', '11')}]}`, 'aaaaaaaaaaa', false],
    [`${said}${span('""', '1')}]}`, 'no no', false],
    [`${said}${span('"nn"', '1')}]}`, 'no no', false],
    [`${said}${span('"no"', '1', 'bad')}]}`, 'no no', false],
    [`${said}${span('"no"', '1')},]}`, 'no no', false],
    [`${said}${span('"no"', '1')},${span('"no"', '1')}]}`, 'no no', true],
    [`${said}${span('"\\""', '1')}]}`, 'a "b"', true],
    [`${said}${span('"\\"', '1')}]}`, 'a "b"', false],
    [`${said}${span('"e"', '1')}]}`, 'e\u0301 e', false],
    [`${said}${span('"e"', '2')}]}`, 'e\u0301 e', true],
    [`${said}${span('"👍"', '1')}]}`, '👍🏽', false],
    [`${said} ]}`, 'no', false],
    ['{"critique":"","spans":[]}', '', false],
    ['{"critique":" \\n\u00a0\u3000\ufeff","spans":[]}', '', false],
    ['{"critique":" \\n\u00a0\u3000x","spans":[]}', '', true],
    ['{"critique":"中","spans":[]}', '', true],
    ['{"critique":"a/b\\/","spans":[]}', '', false],
    ['{"critique":"a\\u0041","spans":[]}', '', false],
    ['{"critique":"a\\u001F","spans":[]}', '', false],
    ['{"critique":"a\\u001f\\u0000\\b","spans":[]}', '', true],
    ['{"critique":"a\\u000a","spans":[]}', '', false],
    ['{"critique":"a\n","spans":[]}', '', false],
    ['{"critique":"a\\ud83d","spans":[]}', '', false],
    ['{"critique":"a"}', '', false],
    ['{"critique":"a","spans":[]}{', '', false]
  ])('%s of %j: %s', (text, response, expected) => {
    expect(accepts(text, response)).toBe(expected)
  })

  it.each([
    ['a lone continuation', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['an overlong form of three', [0xe0, 0x9f, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a number past the last', [0xf4, 0x90, 0x80, 0x80]],
    ['a broken character', [0xe4, 0xb8, 0x61]],
    ['no byte of UTF-8', [0xff]]
  ])('is never invalid UTF-8: %s', (_name, bytes) => {
    const whole = [...encoder.encode('{"critique":"a'), ...bytes, ...encoder.encode('","spans":[]}')]
    expect(accepts(whole, '')).toBe(false)
  })
})

const occurrenceOf = (text: string, words: string, at: number): number => {
  let count = 0
  for (let found = text.indexOf(words); found >= 0 && found <= at; found = text.indexOf(words, found + 1))
    count++
  return count
}

describe('the room that is left', () => {
  it('is always enough: from every budget on, and nothing is allowed below the shortest', () => {
    const shortest = replyConstraint(crossed, 'no').shortest
    expect(shortest).toBe('{"critique":"'.length - 12 + 1 + 1 + 1)
    for (let budget = 0; budget < shortest; budget++)
      expect(replyConstraint(crossed, 'no').mask([], budget).includes(1)).toBe(false)
    const chance = numbers(5)
    for (let round = 0; round < 300; round++) {
      const constraint = replyConstraint(crossed, 'no "no" 👍🏽')
      const ids = randomReply(constraint, crossing, [crossing.end], shortest + (round % 60), chance)
      checkReply(crossing.decode(ids), 'no "no" 👍🏽')
    }
  })

  it('never decides a polarity: where one may come, all may', () => {
    const before = encoder.encode('{"critique":"a","spans":[{"quote":"no","occurrence":1,"polarity":"')
    const reached: number[] = []
    for (let budget = 60; budget < 120; budget++) {
      const { mask } = replyConstraint(crossed, 'no')
      const goesOn = before.every((byte, at) => mask([...before.subarray(0, at)], budget - at)[byte] === 1)
      if (!goesOn) continue
      reached.push(budget)
      const allowed = mask([...before], budget - before.length)
      const letters = new Set<number>()
      allowed.forEach((yes, id) => yes === 1 && letters.add(crossing.tokenBytes(id)[0]))
      expect(String.fromCharCode(...[...letters].sort())).toBe('gnp')
    }
    expect(reached.length).toBeGreaterThan(20)
    expect(reached[0]).toBeGreaterThan(60)
  })

  it('leaves "no span" open at every span that could begin', () => {
    const listed = [...encoder.encode('{"critique":"a","spans":[')]
    for (let left = 3; left < 40; left++)
      expect(replyConstraint(crossed, 'no').mask(listed, left)[']'.charCodeAt(0)]).toBe(1)
  })

  it('is nothing without an end token once the reply is complete', () => {
    const vocabulary = replyVocabulary({ tokenizer: crossing, endTokens: [] })
    const constraint = replyConstraint(vocabulary, '')
    const ids = [...encoder.encode('{"critique":"a","spans":[]}')]
    expect(constraint.isComplete(ids)).toBe(true)
    expect(constraint.mask(ids, 9).includes(1)).toBe(false)
  })
})

describe('a vocabulary', () => {
  it('that cannot spell a reply is refused', () => {
    expect(() => replyVocabulary({ tokenizer: bytesAnd([], '{'), endTokens: [256] })).toThrow(
      'lacks characters'
    )
  })

  it('that lacks a digit, or the letters of the response, writes replies without spans', () => {
    for (const [missing, response] of [
      ['7', 'no'],
      ['x', 'xxx']
    ]) {
      const lacking = bytesAnd([], missing)
      const constraint = replyConstraint(vocabularyOf(lacking, lacking.end), response)
      const listed = [...encoder.encode('{"critique":"a","spans":[')]
      expect(constraint.mask(listed, 500)['{'.charCodeAt(0)]).toBe(0)
      expect(constraint.mask(listed, 500)[']'.charCodeAt(0)]).toBe(1)
    }
  })

  it('may be asked about any beginning, in any order', () => {
    const constraint = replyConstraint(crossed, 'no')
    const ids = [...encoder.encode('{"critique":"a","spans":[]')]
    const allowed = ids.map((_, length) => [...constraint.mask(ids.slice(0, length), 90)])
    for (const length of [20, 3, 3, 11, 0, 25])
      expect([...constraint.mask(ids.slice(0, length), 90)]).toEqual(allowed[length])
    expect(() => constraint.mask([0x41], 90)).toThrow('Token 65')
  })
})
