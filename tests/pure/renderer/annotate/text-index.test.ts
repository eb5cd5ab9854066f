import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextIndex } from '../../../../src/renderer/src/views/annotate/text-index'

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.constantFrom('a', ' ', '\n', '\r\n', '\r', '\t', 'é', '🇫🇮', '👩‍👩‍👧', 'שלום', '한', '.'), {
      maxLength: 60
    })
    .map((parts) => parts.join(''))
)

describe('counting', () => {
  it('goes from UTF-16 to code points and back', () => {
    const index = new TextIndex('a🇫🇮b')
    expect([0, 1, 3, 5, 6].map((at) => index.toCodePoint(at))).toEqual([0, 1, 2, 3, 4])
    expect([0, 1, 2, 3, 4].map((at) => index.toUtf16(at))).toEqual([0, 1, 3, 5, 6])
  })

  it('agrees with Array.from on any text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const index = new TextIndex(text)
        let utf16 = 0
        const characters = Array.from(text)
        characters.forEach((character, codePoint) => {
          expect(index.toUtf16(codePoint)).toBe(utf16)
          expect(index.toCodePoint(utf16)).toBe(codePoint)
          utf16 += character.length
        })
        expect(index.toUtf16(characters.length)).toBe(text.length)
      })
    )
  })
})

describe('blocks', () => {
  it('are the lines, whatever ends them, without their ends', () => {
    const text = 'one\r\ntwo\n\nfour\rfive'
    const lines = new TextIndex(text).blocks.map(({ start, end }) => text.slice(start, end))
    expect(lines).toEqual(['one', 'two', '', 'four', 'five'])
  })

  it('cut a long paragraph for display, losing nothing', () => {
    const text = 'Some words that go on. '.repeat(400)
    const { blocks } = new TextIndex(text)
    expect(blocks.length).toBeGreaterThan(5)
    expect(blocks.every(({ start, end }) => end - start <= 1000)).toBe(true)
    expect(blocks.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
    expect(blocks.slice(0, -1).every(({ continues }) => continues)).toBe(true)
    expect(blocks.at(-1)?.continues).toBe(false)
  })

  it('cut a paragraph without any space between characters, never inside one', () => {
    const text = '👩‍👩‍👧'.repeat(300)
    for (const { start } of new TextIndex(text).blocks) expect(start % '👩‍👩‍👧'.length).toBe(0)
  })

  it('hold every offset', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const index = new TextIndex(text)
        for (let at = 0; at <= text.length; at++) {
          const number = index.blockAt(at)
          expect(index.blocks[number].start).toBeLessThanOrEqual(at)
          expect(at).toBeLessThan(index.blocks[number + 1]?.start ?? Infinity)
        }
      })
    )
  })
})

describe('snapping', () => {
  const flags = new TextIndex('x🇫🇮🇸🇪y')
  it('keeps to what a reader takes for one character', () => {
    expect(flags.snap(3, 'before')).toBe(1)
    expect(flags.snap(3, 'after')).toBe(5)
    expect(flags.snap(4, 'nearest')).toBe(5)
    expect(flags.snap(5, 'before')).toBe(5)
  })

  it('moves out of a line break', () => {
    const index = new TextIndex('a\r\nb')
    expect(index.snap(2, 'before')).toBe(1)
    expect(index.snap(2, 'after')).toBe(3)
  })

  it('never passes the offset on the wrong side, and settles', () => {
    fc.assert(
      fc.property(texts, fc.nat(100), (text, wanted) => {
        const index = new TextIndex(text)
        const at = Math.min(wanted, text.length)
        const before = index.snap(at, 'before')
        const after = index.snap(at, 'after')
        expect(before).toBeLessThanOrEqual(at)
        expect(after).toBeGreaterThanOrEqual(at)
        expect(index.snap(before, 'before')).toBe(before)
        expect(index.snap(after, 'after')).toBe(after)
      })
    )
  })
})

describe('stepping', () => {
  it('goes by word over lines', () => {
    const index = new TextIndex('The bridge,\nbuilt')
    const ends = [0, 3, 10, 11, 12].map((at) => index.step(at, 'word', 1))
    expect(ends).toEqual([3, 10, 11, 12, 17])
    expect(index.step(17, 'word', -1)).toBe(12)
    expect(index.step(12, 'word', -1)).toBe(11)
    expect(index.step(10, 'word', -1)).toBe(4)
  })

  it('visits every border forwards and backwards alike', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const index = new TextIndex(text)
        const forwards = [0]
        while ((forwards.at(-1) ?? 0) < text.length) {
          const next = index.step(forwards.at(-1) ?? 0, 'grapheme', 1)
          expect(next).toBeGreaterThan(forwards.at(-1) ?? 0)
          forwards.push(next)
        }
        for (let place = forwards.length - 1; place > 0; place--)
          expect(index.step(forwards[place], 'grapheme', -1)).toBe(forwards[place - 1])
      })
    )
  })
})
