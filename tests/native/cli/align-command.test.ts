import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lacksShared, sharedPath } from '../../shared-data'
import { temporaryFolder } from '../store/temporary-folder'
import { text2grad } from './run-command'

const at = temporaryFolder()
const tokenizer = sharedPath('models/gpt2-tokenizer')

function align(text: string, spans: unknown, ...words: string[]) {
  writeFileSync(at('text.txt'), text)
  writeFileSync(at('spans.json'), typeof spans === 'string' ? spans : JSON.stringify(spans))
  return text2grad(
    'align',
    '--tokenizer',
    tokenizer,
    '--text',
    at('text.txt'),
    '--spans',
    at('spans.json'),
    '--json',
    ...words
  )
}

describe.skipIf(lacksShared('models/gpt2-tokenizer'))('align', () => {
  it('puts spans on tokens; a token holding part of a character has its whole range', async () => {
    const { json, exitCode } = await align('Hi \u{1f692}\r\nthere', [
      { quote: '\u{1f692}', label: 1 },
      { start: 6, end: 11, label: -0.5 },
      { quote: 'nowhere', label: 1 }
    ])
    expect(exitCode).toBe(0)
    const { ids, offsets, rewards, spans } = json as {
      ids: number[]
      offsets: number[][]
      rewards: number[]
      spans: { tier: string; tokens: number[] }[]
    }
    expect(offsets).toHaveLength(ids.length)
    expect(spans.map(({ tier }) => tier)).toEqual(['exact', 'offset', 'missing'])
    const engine = offsets.flatMap(([start, end], i) => (start <= 3 && end === 4 ? [i] : []))
    expect(engine.length).toBeGreaterThan(1)
    for (const token of engine) expect(rewards[token]).toBe(1)
    expect(spans[1].tokens.map((token) => rewards[token])).toEqual(spans[1].tokens.map(() => -0.5))
    expect(json).toMatchObject({ conflicts: 0, coverage: { neutral: 0 } })
  })

  it('follows the rules for conflicts and placement', async () => {
    const spans = [
      { start: 0, end: 15, label: 1 },
      { start: 6, end: 15, label: -1 }
    ]
    const rewards = async (...words: string[]): Promise<number[]> =>
      ((await align('Hello big world', spans, ...words)).json as { rewards: number[] }).rewards
    expect(await rewards()).toEqual([1, -1, -1])
    expect(await rewards('--conflict', 'sum')).toEqual([1, 0, 0])
    expect(await rewards('--placement', 'last')).toEqual([0, 0, -1])
    expect(await rewards('--placement', 'mean')).toEqual([expect.closeTo(1 / 3), -0.5, -0.5])
  })

  it('refuses bad spans files, other mappings, and a missing tokenizer', async () => {
    const refused = async (spans: unknown, code: string, words: RegExp): Promise<void> =>
      expect((await align('text', spans)).json).toEqual({
        error: { code, message: expect.stringMatching(words) }
      })
    await refused('', 'empty-file', /spans\.json/)
    await refused('[{', 'bad-json', /spans\.json/)
    await refused('{}', 'bad-record', /list of spans/)
    await refused([{ quote: 'x' }], 'bad-record', /span 1: "label"/)
    await refused([{ label: 1 }], 'bad-record', /"quote", or "start"/)
    await refused([{ start: 1, label: 1 }], 'bad-record', /come together/)
    await refused([{ quote: 'x', occurrence: 0, label: 1 }], 'bad-record', /"occurrence"/)
    expect((await align('text', [], '--mapping', 'reference-slf5k')).json).toEqual({
      error: {
        code: 'bad-input',
        message: 'The mapping reference-slf5k is not in this version; use --mapping exact.'
      }
    })
    expect((await align('text', [], '--mapping', 'other')).exitCode).toBe(2)
    expect(
      (
        await text2grad(
          'align',
          '--tokenizer',
          at('none'),
          '--text',
          at('text.txt'),
          '--spans',
          at('spans.json'),
          '--json'
        )
      ).json
    ).toMatchObject({
      error: { code: 'not-found' }
    })
  })

  it('aligns a whole project, a line an answer', async () => {
    writeFileSync(
      at('in.jsonl'),
      '{"prompt":"p","response":"Hello world","spans":[{"quote":"world","label":-1}]}\n{"prompt":"p","response":"other"}\n'
    )
    await text2grad('import', at('in.jsonl'), '--project', at('p.t2g'))
    const said = await text2grad(
      'align',
      '--project',
      at('p.t2g'),
      '--tokenizer',
      tokenizer,
      '--out',
      at('out.jsonl'),
      '--json'
    )
    expect(said.json).toMatchObject({ responses: 2, tokens: 3, spans: 1, unfaithful: 0, issues: {} })
    const lines = readFileSync(at('out.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { rewards: number[] })
    expect(lines.map(({ rewards }) => rewards)).toEqual([[0, -1], [0]])
  })
})
