import { describe, expect, it } from 'vitest'
import { isUnfaithful, openTokenizer } from '../../../src/tokens/tokenizer'

/** A SentencePiece vocabulary of the newer kind, in which `a▁` would join words if they were not cut apart first. */
const json = (split: object): object => ({
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', ...split },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
  model: {
    type: 'BPE',
    vocab: { '▁': 0, a: 1, '▁a': 2, 'a▁': 3, '▁▁': 4, b: 5 },
    merges: ['a ▁', '▁ ▁', '▁ a']
  }
})

describe('a Metaspace tokenizer', () => {
  // Ids and offsets by Hugging Face's tokenizers 0.23.2.
  const whole = { split: false }
  const published: [object, string, number[], [number, number][]][] = [
    [
      {},
      'a a b',
      [2, 2, 0, 5],
      [
        [0, 1],
        [1, 3],
        [3, 4],
        [4, 5]
      ]
    ],
    [
      { split: true },
      'a  a',
      [2, 0, 2],
      [
        [0, 1],
        [1, 2],
        [2, 4]
      ]
    ],
    [
      {},
      'ba a ',
      [0, 5, 1, 2, 0],
      [
        [0, 1],
        [0, 1],
        [1, 2],
        [2, 4],
        [4, 5]
      ]
    ],
    [
      whole,
      'a a b',
      [0, 3, 3, 5],
      [
        [0, 1],
        [0, 2],
        [2, 4],
        [4, 5]
      ]
    ],
    [
      whole,
      'ba a ',
      [0, 5, 3, 3],
      [
        [0, 1],
        [0, 1],
        [1, 3],
        [3, 5]
      ]
    ]
  ]
  it.each(published)('%j gives the published ids and offsets of %j', (split, text, ids, offsets) => {
    expect(openTokenizer(json(split), {}).withOffsets(text)).toEqual({ ids, offsets })
  })

  it('cannot tell a text that begins with a space, and says so', () => {
    expect(isUnfaithful(openTokenizer(json({}), {}).withOffsets(' a'))).toBe(true)
  })
})
