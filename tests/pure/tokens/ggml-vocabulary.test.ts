import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ggmlTokenTypes, ggmlVocabulary } from '../../../src/tokens/ggml-vocabulary'
import { mergeScores } from '../../../src/tokens/merge-scores'
import { lacksShared, sharedPath } from '../../shared-data'

const jsonOf = (dir: string, name: string) =>
  JSON.parse(readFileSync(join(dir, name), 'utf8')) as Record<string, unknown>

describe('a tokenizer for llama.cpp', () => {
  test.skipIf(lacksShared('models/stories260K'))(
    'SentencePiece: scores by merge, bytes and controls by kind',
    () => {
      const dir = sharedPath('models/stories260K')
      const found = ggmlVocabulary(jsonOf(dir, 'tokenizer.json'), jsonOf(dir, 'tokenizer_config.json'), 514)
      expect(found).toMatchObject({
        model: 'llama',
        begin: 1,
        end: 2,
        unknown: 0,
        addBegin: true,
        addSpacePrefix: true
      })
      const { normal, unknown, control, byte, unused } = ggmlTokenTypes
      expect([0, 1, 3, 259, 513].map((id) => found.types[id])).toEqual([
        unknown,
        control,
        byte,
        normal,
        unused
      ])
      expect([found.tokens[259], found.tokens[260], found.tokens[513]]).toEqual(['▁t', 'he', '[PAD513]'])
      expect(found.scores?.[259]).toBeGreaterThan(found.scores?.[260] ?? 0)
    }
  )

  const starter = resolve(import.meta.dirname, '../../../resources/starter-model')
  const file = jsonOf(starter, 'tokenizer.json')
  const settings = jsonOf(starter, 'tokenizer_config.json')

  test('byte-level: merges by rank, and the pattern that cuts the text', () => {
    const found = ggmlVocabulary(file, settings, 754)
    expect(found).toMatchObject({ model: 'gpt2', pre: 'gpt-2', scores: null, addSpacePrefix: false })
    expect(found.tokens).toHaveLength(754)
    expect(found.merges?.length).toBeGreaterThan(400)
  })

  const split = (Regex: string) => ({
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
    ]
  })
  const qwen =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

  test('Qwen, Llama 3 and SmolLM are known by their patterns', () => {
    const pre = (change: object) => ggmlVocabulary({ ...file, ...change }, settings, 754).pre
    expect(pre({ pre_tokenizer: split(qwen), normalizer: { type: 'NFC' } })).toBe('qwen2')
    const model = { ...(file.model as object), ignore_merges: true }
    expect(pre({ pre_tokenizer: split(qwen.replace('|\\p{N}|', '|\\p{N}{1,3}|')), model })).toBe('llama-bpe')
    const steps = [
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: true }
    ]
    expect(pre({ pre_tokenizer: { type: 'Sequence', pretokenizers: steps } })).toBe('smollm')
  })

  test.each([
    ['a pattern of its own', { pre_tokenizer: split('\\w+') }],
    ['a normaliser', { normalizer: { type: 'Lowercase' } }],
    ['Unigram', { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 0 } }]
  ])('that llama.cpp would not follow is refused: %s', (_what, change) => {
    expect(() => ggmlVocabulary({ ...file, ...change }, settings, 754)).toThrow(/cannot be exported to GGUF/)
  })
})

describe('scores of merges', () => {
  const merges = [
    ['a', 'b'],
    ['c', 'd'],
    ['ab', 'cd']
  ]
  test('fall with the rank', () => {
    const scores = mergeScores(new Set(['a', 'b', 'c', 'd', 'ab', 'cd', 'abcd']), merges)
    expect([...(scores ?? [])]).toEqual([
      ['ab', -1],
      ['cd', -2],
      ['abcd', -3]
    ])
  })

  test('are none where a token is made at two ranks, or by two tokens that no merge joins', () => {
    const twice = [
      ['a', 'bc'],
      ['c', 'd'],
      ['ab', 'c']
    ]
    expect(mergeScores(new Set(['a', 'bc', 'c', 'd', 'ab', 'cd', 'abc']), twice)).toBeNull()
    expect(mergeScores(new Set(['a', 'b', 'c', 'd', 'ab', 'cd', 'abcd', 'abc', 'bcd']), merges)).toBeNull()
  })
})
