import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseWithRanges } from '../../../src/tokens/normalised'
import { openTokenizer } from '../../../src/tokens/tokenizer'

const nfc = (text: string): string => text.normalize('NFC')

describe('normaliseWithRanges', () => {
  it('needs no map where nothing changes', () => {
    expect(normaliseWithRanges('plain', nfc)).toEqual({ text: 'plain', ranges: null })
  })

  it('leads a composed character back to the whole cluster', () => {
    expect(normaliseWithRanges('ae\u0301b', nfc)).toEqual({
      text: 'aéb',
      ranges: [
        [0, 1],
        [1, 3],
        [3, 4]
      ]
    })
  })

  it('keeps ranges in order and covers the text, or says that it cannot', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const result = normaliseWithRanges(text, nfc)
        if (!result?.ranges) return
        expect(result.ranges).toHaveLength([...result.text].length)
        let covered = 0
        for (const [start, end] of result.ranges) {
          expect(start).toBeLessThanOrEqual(covered)
          covered = Math.max(covered, end)
        }
        expect(covered).toBe([...text].length)
      })
    )
  })

  it('refuses a normaliser that works across characters', () => {
    expect(normaliseWithRanges('ab', (text) => text.replace('ab', 'x'))).toBeNull()
  })
})

describe('a tokenizer that composes characters', () => {
  const characters = [...'abeé ']
  const tokenizer = openTokenizer(
    {
      normalizer: { type: 'NFC' },
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries([...characters, '▁'].map((character, id) => [character, id])),
        merges: []
      }
    },
    {}
  )

  it('places its tokens in the text as it was written', () => {
    expect(tokenizer.withOffsets('ae\u0301 b')).toEqual({
      ids: [5, 0, 3, 5, 1],
      offsets: [
        [0, 1],
        [0, 1],
        [1, 3],
        [3, 4],
        [4, 5]
      ]
    })
  })
})
