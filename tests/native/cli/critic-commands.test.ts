import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { critiqueLine } from '../../../src/contract/critic-lines'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { examplesOf, starterModel } from '../jobs/critic/training'
import { text2grad } from './run-command'

const scratch = scratchFolder()
const at = (name: string): string => join(scratch, name)
const project = at('things.t2g')
const lines = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row) + '\n').join('')

/** The one JSON document of a command. */
async function json(...words: string[]) {
  const said = await text2grad(...words, '--json')
  return { exitCode: said.exitCode, error: said.error, answer: said.json as Record<string, unknown> }
}

const critiques = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => critiqueLine.parse(JSON.parse(line)))

const settings = {
  ...{ template: 'plain', batch: 8, steps: 4, lora: { rank: 4, alpha: 8 } },
  reply: { maxNewTokens: 96 }
}

/** What `critic train` answered. */
let trained: Record<string, unknown>

beforeAll(async () => {
  mkdirSync(scratch, { recursive: true })
  const rows = examplesOf(24).map(({ messages, response, critique, spans }, index) => ({
    ...{ prompt: `${messages[0].content} ${index}`, response, critique, spans }
  }))
  writeFileSync(at('in.jsonl'), lines(rows))
  writeFileSync(at('critic.json'), JSON.stringify(settings))
  await text2grad('import', at('in.jsonl'), '--project', project)
  trained = (await train('--out', at('critic'))).answer
})

const train = (...words: string[]) => {
  const base = ['--base', starterModel, '--config', at('critic.json')]
  return json('critic', 'train', '--project', project, '--kind', 'generative', ...base, ...words)
}

describe('critic', () => {
  test('train makes a critic; score judges a file with it, line for line, and a project', async () => {
    const answer = trained
    expect(answer).toMatchObject({
      version: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      best: { step: expect.any(Number) as number, metric: expect.any(String) as string }
    })
    const counts = answer.examples as Record<string, number>
    expect(counts.train + counts.dev + counts.test).toBe(24)
    expect(counts.dropped).toBe(0)

    const asked = [
      { prompt: 'Tim has a cat.', response: 'Tim had a dog.' },
      { prompt: 'Sue.', response: '' },
      { prompt: 'Long.', response: 'word '.repeat(500) }
    ]
    writeFileSync(at('asked.jsonl.gz'), gzipSync(lines(asked)))
    const scored = await json(
      ...[
        'critic',
        'score',
        '--critic',
        at('critic'),
        '--in',
        at('asked.jsonl.gz'),
        '--out',
        at('said.jsonl')
      ]
    )
    expect(scored.answer).toMatchObject({ version: answer.version, answers: 3, failed: 1 })
    const said = critiques(at('said.jsonl'))
    expect(said.map(({ status }) => status)).toEqual(['ok', 'ok', 'failed'])
    for (const { start, end, quote } of said[0].spans) expect(asked[0].response.slice(start, end)).toBe(quote)
    expect(said[2].spans).toEqual([])
    expect(said[2].reason).toContain('tokens')

    const stored = await json('critic', 'score', '--critic', at('critic'), '--project', project)
    expect(stored.answer).toMatchObject({ stored: 24, known: 0, failed: 0 })
    expect((await json('check', '--project', project)).answer).toMatchObject({ ok: true, annotations: 48 })
  })

  test('a run trains on what it says, and remembers which version said it', async () => {
    writeFileSync(
      at('run.json'),
      JSON.stringify({
        ...{
          version: 1,
          model: starterModel,
          template: 'none',
          source: 'rollouts',
          critic: 'trained:critic'
        },
        ...{ prompts: { project: 'split:all' }, batch: 4, steps: 2, checkpointEvery: 1 },
        ...{ sampling: { maxNewTokens: 8 }, lora: { rank: 2, alpha: 4 } }
      })
    )
    const run = ['run', 'start', '--project', project, '--config', at('run.json'), '--out', at('run')]
    const done = await json(...run, '--override-gate', 'a test of the machinery')
    expect(done.error).not.toContain('failed')
    expect(done.answer).toMatchObject({ state: 'finished', step: 2 })
    const record = JSON.parse(readFileSync(join(at('run'), 'run.json'), 'utf8')) as {
      resolved: { hashes: Record<string, string> }
    }
    expect(record.resolved.hashes.critic).toBe(trained.version)
    const samples = readFileSync(join(at('run'), 'samples.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    const read = samples.map((line) => JSON.parse(line) as { status: string; critique: string })
    expect(read).toHaveLength(8)
    expect(read.every(({ status, critique }) => status === 'failed' || critique !== '')).toBe(true)
    expect(read.some(({ status }) => status === 'ok')).toBe(true)
  })

  test('score with rules says what they find; wrong words and wrong files are refused', async () => {
    const rules = { version: 1, rules: [{ pattern: 'dog', polarity: -1, reason: 'no dogs' }] }
    writeFileSync(at('rules.json'), JSON.stringify(rules))
    writeFileSync(
      at('two.jsonl'),
      lines([
        { prompt: 'a', response: '🐕 a dog, a dog' },
        { prompt: 'b', response: 'cat' }
      ])
    )
    const score = ['critic', 'score', '--critic', `rules:${at('rules.json')}`]
    const { answer } = await json(...score, '--in', at('two.jsonl'), '--out', at('found.jsonl'))
    expect(answer).toMatchObject({ critic: 'rules', answers: 2, failed: 0 })
    const [first, second] = critiques(at('found.jsonl'))
    expect(first.spans.map(({ start, end, occurrence, label }) => [start, end, occurrence, label])).toEqual([
      [4, 7, 1, -1],
      [11, 14, 2, -1]
    ])
    expect(second).toMatchObject({ status: 'ok', spans: [] })

    writeFileSync(at('bad.jsonl'), '{"prompt":"a","response":"b"}\n{"prompt":"a"}\n')
    const bad = await json(...score, '--in', at('bad.jsonl'), '--out', at('never.jsonl'))
    expect(bad).toMatchObject({ exitCode: 1, answer: { error: { code: 'bad-record' } } })
    expect(bad.error).toContain('line 2')
    expect((await json(...score, '--in', at('two.jsonl'))).exitCode).toBe(2)
    expect((await json(...score)).exitCode).toBe(2)
    const used = await train('--out', scratch)
    expect(used).toMatchObject({ exitCode: 1, answer: { error: { code: 'bad-input' } } })
    const unknown = await json(
      'critic',
      'train',
      '--project',
      project,
      '--out',
      at('x'),
      '--kind',
      'generative'
    )
    expect(unknown.exitCode).toBe(2)
  })
})
