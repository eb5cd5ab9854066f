import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/pipeline/failure'
import { openTokenizer } from '../../../src/tokens/tokenizer'

/** A byte-level vocabulary of the letters a, b, their pair, and the space. */
const small = (): Record<string, unknown> => ({
  version: '1.0',
  added_tokens: [{ id: 4, content: '<end>', special: true }],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, Ġ: 3 }, merges: ['a b'], byte_fallback: false }
})

const failureOf = (json: unknown): Failure => {
  try {
    openTokenizer(json, {})
  } catch (error) {
    return error as Failure
  }
  throw new Error('it was accepted')
}

describe('openTokenizer', () => {
  it('opens a small file, and one without the sections that may be left out', () => {
    const { version, model, decoder, pre_tokenizer } = small()
    for (const json of [small(), { version, model, decoder, pre_tokenizer }]) {
      const tokenizer = openTokenizer(json, { eos_token: { content: '<end>' } })
      expect(tokenizer.encode('abba b')).toEqual([2, 1, 0, 3, 1])
      expect(tokenizer.withOffsets('ab b')).toEqual({
        ids: [2, 3, 1],
        offsets: [
          [0, 2],
          [2, 3],
          [3, 4]
        ]
      })
    }
    expect(openTokenizer(small(), { eos_token: { content: '<end>' } }).eos).toBe(4)
    expect(openTokenizer(small(), {}).vocabularySize).toBe(5)
  })

  it('says where a text does not survive', () => {
    expect(openTokenizer(small(), {}).withOffsets('abc')).toEqual({
      unfaithful: 'The tokenizer gives back "" for "c" at character 2.'
    })
  })

  const { model, ...rest } = small()
  const withModel = (changes: object): object => ({ ...rest, model: { ...(model as object), ...changes } })
  const nested = (depth: number): object => {
    let step: object = { type: 'ByteLevel' }
    for (let i = 0; i < depth; i++) step = { type: 'Sequence', decoders: [step] }
    return step
  }

  const hostile: [string, unknown, RegExp][] = [
    ['null', null, /not an object/],
    ['a list', [], /not an object/],
    ['no model', rest, /no "model"/],
    ['no vocabulary', withModel({ vocab: undefined }), /no vocabulary/],
    ['an unknown model', withModel({ type: 'Oracle' }), /type "Oracle"/],
    ['an id of 2^53', withModel({ vocab: { a: 2 ** 53 } }), /"a" an id/],
    ['an id of 4 billion', withModel({ vocab: { a: 4_000_000_000 } }), /"a" an id/],
    ['a negative id', withModel({ vocab: { a: -1 } }), /"a" an id/],
    ['an id that is text', withModel({ vocab: { a: '1' } }), /"a" an id/],
    ['no merges', withModel({ merges: undefined }), /no list of merges/],
    ['a merge of three', withModel({ merges: [['a', 'b', 'c']] }), /merge, number 1/],
    ['a broken Unigram', withModel({ type: 'Unigram', vocab: [['a']] }), /not a list of \[token, score\]/],
    ['no decoder', { ...small(), decoder: null }, /no decoder/],
    ['an unknown decoder', { ...small(), decoder: { type: 'WordPiece' } }, /step "WordPiece"/],
    ['a decoder nested for ever', { ...small(), decoder: nested(10_000) }, /too deeply/],
    ['a sequence of nothing', { ...small(), decoder: { type: 'Sequence' } }, /without steps/],
    ['an added token without content', { ...small(), added_tokens: [{ id: 1 }] }, /added token/],
    [
      'a pattern that runs for ever',
      { ...small(), pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' } },
      /run for ever/
    ],
    [
      'a pattern that is none',
      { ...small(), pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } },
      /cannot be used/
    ]
  ]
  it.each(hostile)('refuses %s with one sentence', (_, json, message) => {
    const started = performance.now()
    const failure = failureOf(json)
    expect(failure.code).toBe('tokenizer-invalid')
    expect(failure.message).toMatch(message)
    expect(failure.message).not.toContain('\n')
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
