import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, fromCodePoints } from '../../../src/tokens/utf8'

const platform = new TextDecoder('utf-8', { ignoreBOM: true })

describe('decodeUtf8', () => {
  it('reads any bytes as the platform does', () => {
    const nearUtf8 = fc.constantFrom(
      0x41,
      0x80,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xa0,
      0x9f,
      0xed,
      0xef,
      0xbb,
      0xf0,
      0x90,
      0xf4,
      0x8f,
      0xf5
    )
    const bytes = fc.array(fc.oneof(nearUtf8, fc.integer({ min: 0, max: 255 })), { maxLength: 24 })
    fc.assert(
      fc.property(bytes, (list) => {
        const input = Uint8Array.from(list)
        expect(fromCodePoints(decodeUtf8(input).codePoints)).toBe(platform.decode(input))
      }),
      { numRuns: 2000 }
    )
  })

  it('says which character each byte belongs to', () => {
    const { owner } = decodeUtf8(new TextEncoder().encode('aé中👍b'))
    expect([...owner]).toEqual([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4])
  })
})
