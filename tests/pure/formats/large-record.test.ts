import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLarge } from '../../../src/formats/large-record'
import { parseRecord } from '../../../src/formats/split-records'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Long enough to be taken out of a record. */
const long = (piece: string): string => piece.repeat(Math.ceil((1 << 16) / piece.length) + 1)
/** Large enough to be taken apart: JSON may be followed by space. */
const large = (json: string): Uint8Array => encode(json + ' '.repeat(1 << 20))
const hex = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
const failing = (code: string) => expect.objectContaining({ code }) as unknown

describe('a large record', () => {
  it('is what JSON.parse says of it, whatever its strings hold and however they are escaped', () => {
    const piece = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 })
    const property = fc.property(piece, piece, fc.boolean(), (first, second, escape) => {
      const value = { short: [long(first), second, { deep: long(`${second}\\"`) }], last: first }
      const plain = JSON.stringify(value)
      const json = escape ? plain.replace(/[^ -~]/g, hex) : plain
      expect(parseRecord({ number: 1, bytes: large(json) })).toEqual(JSON.parse(json))
    })
    fc.assert(property, { numRuns: 8, seed: 5 })
  })

  it('undoes every escape', () => {
    const json = `{"a":"${long('\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude42é€🙂')}"}`
    const value = JSON.parse(json) as { a: string }
    expect(parseLarge(large(json))?.value).toEqual(value)
    expect(value.a.startsWith('"\\/\b\f\n\r\té€🙂é€🙂')).toBe(true)
  })

  it('in outline has its keys, its short strings and no long one', () => {
    const json = JSON.stringify({ prompt: 'p', response: long('x'), spans: [{ quote: 'q' }] })
    expect(parseRecord({ number: 1, bytes: large(json) }, { outline: true })).toEqual({
      ...{ prompt: 'p', response: '', spans: [{ quote: 'q' }] }
    })
  })

  it.each([
    ['half of a surrogate pair', '\\ud83d x'],
    ['a long key', null]
  ])('with %s is left to JSON.parse', (_, piece) => {
    const json = piece === null ? JSON.stringify({ [long('k')]: 1 }) : `{"a":"${long(piece)}"}`
    expect(parseLarge(large(json))).toBeUndefined()
    expect(parseRecord({ number: 1, bytes: large(json) })).toEqual(JSON.parse(json))
  })

  it('that holds the mark of a long string itself keeps it', () => {
    const value = { a: '\0long 0', b: long('y') }
    expect(parseRecord({ number: 1, bytes: large(JSON.stringify(value)) })).toEqual(value)
  })

  it.each([
    ['a control character', `{"a":"${long('x')}\n"}`, 'bad-json'],
    ['an escape that is none', `{"a":"${long('x')}\\x"}`, 'bad-json'],
    ['no end', `{"a":"${long('x')}`, 'bad-json'],
    ['something missing outside', `{"a":"${long('x')}",}`, 'bad-json']
  ])('with %s fails as a small one does', (_, json, code) => {
    expect(() => parseRecord({ number: 1, bytes: large(json) })).toThrow(failing(code))
  })

  it('of invalid UTF-8 fails as a small one does', () => {
    const bytes = large(`{"a":"${long('x')}"}`)
    bytes[100] = 0xff
    expect(() => parseRecord({ number: 1, bytes })).toThrow(failing('bad-encoding'))
  })
})
