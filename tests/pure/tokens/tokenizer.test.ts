import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUnfaithful, openTokenizer, type Offset, type PolicyTokenizer } from '../../../src/tokens/tokenizer'
import { lacksShared, sharedPath } from '../../shared-data'

interface GoldenRow {
  text: string
  ids: number[]
  offsets: [number, number][]
}
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const golden = (name: string): GoldenRow[] =>
  readJson(resolve(import.meta.dirname, `../../golden/tokens/${name}.json`)) as GoldenRow[]

/** Texts of every awkward kind: words, code, white space, marks, emoji, other scripts, repeated and empty. */
const awkward = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'the ',
        'the ',
        ' cat',
        'Once upon a time',
        '\r\n',
        '\t',
        '\n\n',
        '  ',
        '\uFEFF',
        'é',
        'e\u0301'
      ),
      fc.constantFrom('👨🏻‍🚒', '🇩🇪', '中文', 'ﷺ', '{[(', ')]}', 'x += 1;', '1234', '\u0000', '\u0085', '\u2028'),
      fc.string({ unit: 'binary', maxLength: 6 })
    ),
    { maxLength: 12 }
  )
  .map((parts) => parts.join(''))

const slice = (text: string, [start, end]: Offset): string => [...text].slice(start, end).join('')

function placed(tokenizer: PolicyTokenizer, text: string): { ids: number[]; offsets: Offset[] } {
  const result = tokenizer.withOffsets(text)
  if (isUnfaithful(result)) throw new Error(`${JSON.stringify(text)}: ${result.unfaithful}`)
  return result
}

for (const name of ['stories260K', 'gpt2-tokenizer']) {
  const folder = `models/${name}`
  describe.skipIf(lacksShared(folder))(`the tokenizer of ${name}`, () => {
    const json = lacksShared(folder) ? {} : (readJson(sharedPath(`${folder}/tokenizer.json`)) as object)
    const config = lacksShared(folder)
      ? {}
      : (readJson(sharedPath(`${folder}/tokenizer_config.json`)) as object)
    const tokenizer = lacksShared(folder) ? (null as unknown as PolicyTokenizer) : openTokenizer(json, config)
    // The vocabulary of SentencePiece writes a space as ▁ and cannot tell the two apart.
    const hasSpaceMark = name === 'stories260K'
    const special = ['<s>', '</s>', '<unk>', '<|endoftext|>', '<0x']
    const texts = awkward.filter((text) => !special.some((token) => text.includes(token)))

    it.each(golden(name))(
      'gives the published library’s ids and offsets for $text',
      ({ text, ids, offsets }) => {
        const ours = placed(tokenizer, text)
        expect(ours.ids).toEqual(ids)
        expect(ours.offsets).toEqual(offsets)
      }
    )

    it('gives back every text, and ranges that cover it in order', () => {
      fc.assert(
        fc.property(texts, (text) => {
          const { ids, offsets } = placed(tokenizer, text)
          const length = [...text].length
          expect(tokenizer.decode(ids)).toBe(hasSpaceMark ? text.replaceAll('▁', ' ') : text)
          expect(offsets).toHaveLength(ids.length)
          let covered = 0
          let previous: Offset = [0, 0]
          for (const [start, end] of offsets) {
            expect(start).toBeGreaterThanOrEqual(previous[0])
            expect(start).toBeLessThanOrEqual(covered) // no hole before it
            expect(end).toBeGreaterThanOrEqual(start)
            previous = [start, end]
            covered = Math.max(covered, end)
          }
          expect(covered).toBe(length)
        }),
        { numRuns: 150 }
      )
    })

    it('gives a token exactly the words it decodes to, unless it holds part of a character', () => {
      fc.assert(
        fc.property(texts, (text) => {
          const { ids, offsets } = placed(tokenizer, text)
          ids.forEach((id, i) => {
            const alone = tokenizer.tokenText(id)
            if (alone.includes('<0x')) expect(offsets[i][1] - offsets[i][0]).toBeGreaterThanOrEqual(1)
            else {
              const words = slice(text.replaceAll('▁', ' '), offsets[i])
              // The first token holds the space that the encoder put before the text.
              if (hasSpaceMark) expect(i === 0 ? [words, ` ${words}`, ' '] : [words]).toContain(alone)
              if (!hasSpaceMark) expect(words).toBe(alone)
            }
          })
        }),
        { numRuns: 200 }
      )
    })

    it('decodes as the published library does, but for byte order marks, which it keeps', () => {
      const library = new Tokenizer(json, config)
      fc.assert(
        fc.property(texts, (text) => {
          const { ids } = placed(tokenizer, text.replaceAll('\uFEFF', ''))
          if (ids.length === 0) return
          expect(tokenizer.decode(ids)).toBe(library.decode(ids, { clean_up_tokenization_spaces: false }))
        })
      )
      expect(tokenizer.decode(tokenizer.encode('\uFEFFa'))).toBe('\uFEFFa')
    })

    it('stores of any sampled ids a text that their offsets fit', () => {
      const anyIds = fc.array(fc.integer({ min: 0, max: tokenizer.vocabularySize - 1 }), { maxLength: 40 })
      fc.assert(
        fc.property(anyIds, (ids) => {
          const { text, offsets } = tokenizer.decodeResponse(ids)
          const length = [...text].length
          expect(offsets).toHaveLength(ids.length)
          expect(text).not.toMatch(/\p{Surrogate}/u)
          expect(Math.max(0, ...offsets.map(([, end]) => end))).toBe(length)
          for (const [start, end] of offsets) expect(start <= end && end <= length).toBe(true)
          expect(tokenizer.offsetsOf(ids, text)).toEqual({ offsets })
        }),
        { numRuns: 150 }
      )
    })

    it('says so when ids belong to another text', () => {
      const ids = tokenizer.encode('Once upon a time')
      const result = tokenizer.offsetsOf(ids, 'Once upon a dime')
      expect(result).toEqual({ unfaithful: expect.stringContaining('at character 12') as string })
    })

    it.skipIf(lacksShared('data/qa_feedback_300.json'))('places 300 answers in well under a second', () => {
      const data = readJson(sharedPath('data/qa_feedback_300.json')) as Record<string, string>[]
      const answers = data.map((record) => record['prediction 1'])
      const started = performance.now()
      for (const answer of answers) placed(tokenizer, answer)
      expect(answers).toHaveLength(300)
      expect(performance.now() - started).toBeLessThan(4000) // generous: the machine may be busy
    })

    it('begins a prompt with the start token, once', () => {
      const messages = [
        { role: 'system' as const, content: 'Be brief.' },
        { role: 'user' as const, content: 'Hi' }
      ]
      const bos = tokenizer.bos ?? -1
      expect(tokenizer.prompt(messages, 'none')).toEqual([bos, ...tokenizer.encode('Hi')])
      expect(tokenizer.prompt(messages, 'plain')).toEqual([
        bos,
        ...tokenizer.encode('system: Be brief.\nuser: Hi\nassistant:')
      ])
      expect(tokenizer.prompt([{ role: 'user', content: '' }], 'none')).toEqual([bos])
      expect(() => tokenizer.prompt(messages, 'tokenizer')).toThrow('no chat template')
    })
  })
}

describe.skipIf(lacksShared('models/stories260K'))('the story model’s own answers', () => {
  it('keep the stored text and the offsets together when an answer begins with a space mark', () => {
    const folder = sharedPath('models/stories260K')
    const tokenizer = openTokenizer(
      readJson(`${folder}/tokenizer.json`),
      readJson(`${folder}/tokenizer_config.json`)
    )
    const greedy = readJson(`${folder}/expected-greedy.json`) as { greedy_ids: number[] }
    const ids = greedy.greedy_ids.slice(1)
    const { text, offsets } = tokenizer.decodeResponse(ids)
    expect(text).toMatch(/^Once/)
    expect(offsets[0][0]).toBe(0)
    // The end token stands after the text, on nothing.
    const ended = tokenizer.decodeResponse([...tokenizer.encode('The end'), tokenizer.eos ?? -1])
    expect(ended.text).toBe('The end')
    expect(ended.offsets.at(-1)).toEqual([7, 7])
  })
})
