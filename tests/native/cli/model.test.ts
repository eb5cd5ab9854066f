import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCommandLine } from '../../../src/cli/program'
import { saveAdapter } from '../../../src/engine/checkpoint/peft'
import { openModelFolder } from '../../../src/engine/checkpoint/model-folder'
import { float32 } from '../../../src/engine/graph'
import type { Lora } from '../../../src/engine/models/model'
import { loraParameters } from '../../../src/engine/models/parameters'
import { randomModel, numbers, writeModelFolder } from '../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { lacksShared, sharedPath } from '../../shared-data'

const root = scratchFolder()

async function text2grad(...words: string[]) {
  let [out, error] = ['', '']
  const streams = { out: (text: string) => void (out += text), error: (text: string) => void (error += text) }
  const exitCode = await runCommandLine(words, streams)
  return { exitCode, out, error }
}

/** The one JSON document of a command. */
async function json(...words: string[]) {
  const { exitCode, out, error } = await text2grad(...words, '--json')
  return { exitCode, error, answer: JSON.parse(out) as Record<string, unknown> }
}

test('doctor has tried every device in a process of its own', async () => {
  const { answer, exitCode } = await json('doctor')
  expect(exitCode).toBe(0)
  const devices = answer.devices as { name: string; usable: boolean; reason?: string }[]
  expect(devices.map(({ name }) => name)).toEqual(['cpu', 'cuda', 'webgpu', 'dml', 'coreml'])
  expect(devices[0].usable).toBe(true)
  for (const { usable, reason } of devices)
    expect(usable || /^The device .*\.$/.test(reason ?? '')).toBe(true)
})

interface Generated {
  readonly sequences: { ids: number[]; text: string | null; finish: string }[]
  readonly tokensPerSecond: number
}
const generated = async (...words: string[]) =>
  (await json('model', 'generate', ...words)).answer as unknown as Generated

const fingerprint = (dir: string) =>
  readdirSync(dir)
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, size } = statSync(join(dir, name))
      return {
        name,
        mtimeMs,
        ctimeMs,
        size,
        sha256: createHash('sha256')
          .update(readFileSync(join(dir, name)))
          .digest('hex')
      }
    })

describe.skipIf(lacksShared('models/stories260K'))('model … stories260K', () => {
  const dir = sharedPath('models/stories260K')

  test('generate --greedy gives the expected story and leaves the folder untouched', async () => {
    const before = fingerprint(dir)
    const { sequences, tokensPerSecond } = await generated(
      dir,
      '--ids',
      '1',
      '--max-new-tokens',
      '60',
      '--greedy'
    )
    const { greedy_ids: expected } = JSON.parse(readFileSync(join(dir, 'expected-greedy.json'), 'utf8')) as {
      greedy_ids: number[]
    }
    expect(sequences).toHaveLength(1)
    expect(sequences[0].ids).toEqual(expected.slice(1))
    expect(sequences[0].finish).toBe('length')
    expect(sequences[0].text).toMatch(/^Once upon a time, there was a little girl named Lily\./)
    expect(tokensPerSecond).toBeGreaterThan(0)
    await json('model', 'inspect', dir)
    await json('model', 'score', dir, '--ids', '1,403')
    expect(fingerprint(dir)).toEqual(before)
  })

  test('generate repeats a sample with its seed, and sample n does not depend on the count', async () => {
    const sample = (...words: string[]) =>
      generated(dir, '--prompt', 'Once upon a time', '--max-new-tokens', '24', ...words)
    const first = await sample('--seed', '7', '--count', '3')
    expect((await sample('--seed', '7', '--count', '3')).sequences).toEqual(first.sequences)
    expect((await sample('--seed', '8', '--count', '3')).sequences).not.toEqual(first.sequences)
    expect((await sample('--seed', '7', '--count', '1')).sequences).toEqual(first.sequences.slice(0, 1))
    expect(new Set(first.sequences.map(({ text }) => text)).size).toBe(3)
  })

  test('generate --count goes beyond one batch', async () => {
    const { sequences } = await generated(
      dir,
      '--ids',
      '1',
      '--max-new-tokens',
      '3',
      '--count',
      '35',
      '--seed',
      '2'
    )
    expect(sequences).toHaveLength(35)
    const fewer = await generated(dir, '--ids', '1', '--max-new-tokens', '3', '--count', '34', '--seed', '2')
    expect(fewer.sequences).toEqual(sequences.slice(0, 34))
  })

  test('generate takes temperature, top-k, top-p and a repetition penalty', async () => {
    const ids = async (...words: string[]) =>
      (await generated(dir, '--ids', '1,403', '--max-new-tokens', '30', '--seed', '5', ...words)).sequences[0]
        .ids
    const greedy = await ids('--greedy')
    expect(await ids('--temperature', '0')).toEqual(greedy)
    expect(await ids('--top-k', '1')).toEqual(greedy)
    expect(await ids('--top-p', '0.01')).toEqual(greedy)
    expect(await ids('--temperature', '0.0001')).toEqual(greedy)
    expect(await ids('--temperature', '3')).not.toEqual(await ids())
    expect(await ids('--greedy', '--repetition-penalty', '2')).not.toEqual(greedy)
  })

  test('inspect', async () => {
    const { answer } = await json('model', 'inspect', dir)
    expect(answer).toMatchObject({
      ...{ architecture: 'LlamaForCausalLM', parameters: 260_032, dtype: 'float32', layers: 5, vocab: 512 },
      ...{ context: 512, tokenizer: { vocab: 512, bos: 1, eos: 2 }, chatTemplate: false }
    })
    const { score, generate, train } = answer.memory as Record<string, number>
    expect(Math.min(score, generate, train)).toBeGreaterThan(4 * 260_032)
    expect(train).toBeGreaterThan(score)
    expect(answer.tensors).toHaveLength(47)
  })

  test('score agrees with logits, for one sequence and for a file of them', async () => {
    const ids = [1, 403, 407, 261, 300]
    const { logits } = (await json('model', 'logits', dir, '--ids', ids.join())).answer as {
      logits: number[][]
    }
    expect(logits.map((row) => row.length)).toEqual([512, 512, 512, 512, 512])
    const expected = ids.slice(1).map((id, t) => {
      const highest = Math.max(...logits[t])
      return logits[t][id] - highest - Math.log(logits[t].reduce((sum, z) => sum + Math.exp(z - highest), 0))
    })
    const { logProbs } = (await json('model', 'score', dir, '--ids', ids.join())).answer as {
      logProbs: number[]
    }
    expect(logProbs).toHaveLength(4)
    logProbs.forEach((value, t) => expect(Math.abs(value - expected[t])).toBeLessThan(1e-5))

    const file = join(root, 'lines.jsonl')
    const lines = [
      { ids },
      { ids: [1] },
      { prompt: 'Once upon', response: ' a time' },
      { ids: ids.slice(0, 3) }
    ]
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
    const all = (await json('model', 'score', dir, '--in', file)).answer as { logProbs: number[][] }
    expect(all.logProbs.map((row) => row.length > 0)).toEqual([true, false, true, true])
    all.logProbs[0].forEach((value, t) => expect(Math.abs(value - expected[t])).toBeLessThan(1e-5))
    all.logProbs[3].forEach((value, t) => expect(Math.abs(value - expected[t])).toBeLessThan(1e-5))
  })

  test('an adapter changes logits, score and generation; one of zeros changes nothing', async () => {
    const { config } = await openModelFolder(dir)
    const lora: Lora = { rank: 2, alpha: 4, modules: ['q_proj', 'up_proj'] }
    const next = numbers(1)
    const zero = loraParameters(config, lora, next)
    const strong = new Map(
      [...zero].map(([name, { shape, data }]) => [
        name,
        float32(
          shape,
          Float32Array.from(data as Float32Array, () => next() - 0.5)
        )
      ])
    )
    saveAdapter(join(root, 'zero'), { lora, parameters: zero, baseModel: dir })
    saveAdapter(join(root, 'strong'), { lora, parameters: strong, baseModel: dir })
    for (const words of [
      ['logits', dir, '--ids', '1,403'],
      ['score', dir, '--ids', '1,403'],
      ['generate', dir, '--ids', '1', '--max-new-tokens', '12', '--greedy']
    ]) {
      const shown = async (...more: string[]) => {
        const { answer } = await json('model', ...words, ...more)
        return JSON.stringify({ ...answer, tokensPerSecond: 0 })
      }
      expect(await shown('--adapter', join(root, 'zero'))).toBe(await shown())
      expect(await shown('--adapter', join(root, 'strong'))).not.toBe(await shown())
    }
  })

  test('a text for people too', async () => {
    const { out, error, exitCode } = await text2grad(
      'model',
      'generate',
      dir,
      '--ids',
      '1',
      '--max-new-tokens',
      '5',
      '--greedy'
    )
    expect([exitCode, out]).toEqual([0, 'Once upon a time,\n'])
    expect(error).toMatch(/^\d+ tokens a second\n$/)
    expect((await text2grad('model', 'inspect', dir)).out).toContain('260032 parameters in float32')
  })

  test('a tokenizer that knows more tokens than the model', async () => {
    const copy = join(root, 'copy')
    cpSync(dir, copy, { recursive: true })
    const tokenizer = JSON.parse(readFileSync(join(copy, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> }
    }
    tokenizer.model.vocab['one too many'] = 512
    rmSync(join(copy, 'tokenizer.json'))
    writeFileSync(join(copy, 'tokenizer.json'), JSON.stringify(tokenizer))
    const { exitCode, answer } = await json(
      'model',
      'generate',
      copy,
      '--prompt',
      'a',
      '--max-new-tokens',
      '1'
    )
    expect([exitCode, answer]).toEqual([
      1,
      { error: expect.objectContaining({ code: 'vocabulary-mismatch' }) as unknown }
    ])
  })
})

/** A device that this operating system cannot have. */
const foreign = process.platform === 'darwin' ? 'dml' : 'coreml'

describe('a model without a tokenizer', () => {
  const dir = writeModelFolder(join(root, 'bare'), randomModel({ endTokens: [] }))

  test('takes ids, and says what a text would need', async () => {
    const { sequences } = await generated(dir, '--ids', '5,6', '--max-new-tokens', '4', '--greedy')
    expect(sequences[0].text).toBeNull()
    expect(sequences[0].ids).toHaveLength(4)
    expect((await json('model', 'inspect', dir)).answer.tokenizer).toBeNull()
    const { exitCode, answer } = await json('model', 'generate', dir, '--prompt', 'Hello')
    expect([exitCode, answer]).toMatchObject([1, { error: { code: 'tokenizer-missing' } }])
  })

  test.each([
    [['generate', dir, '--ids', '37'], 'bad-input', "Token 37 is not in the model's vocabulary of 37."],
    [['generate', dir, '--ids', '1', '--max-new-tokens', '64'], 'bad-input', 'context of 64'],
    [['score', dir, '--ids', '1,99'], 'bad-input', 'Token 99'],
    [['logits', dir, '--ids', Array(65).fill(1).join()], 'bad-input', '65 tokens do not fit'],
    [['generate', dir, '--ids', '1', '--adapter', join(root, 'none')], 'not-found', 'There is no folder'],
    [['score', dir, '--in', join(root, 'none.jsonl')], 'not-found', 'none.jsonl'],
    [['score', dir, '--in', root], 'not-a-file', 'is a folder'],
    [['inspect', join(root, 'none')], 'not-found', 'There is no folder'],
    [
      ['generate', dir, '--ids', '1', '--max-new-tokens', '5', '--device', foreign],
      'device-unavailable',
      foreign
    ]
  ])('a failure is explained (%#)', async (words, code, part) => {
    const { exitCode, answer, error } = await json('model', ...words)
    expect(exitCode).toBe(1)
    expect(answer).toMatchObject({ error: { code, message: expect.stringContaining(part) as string } })
    expect(error.trim().split('\n')).toHaveLength(1)
  })

  test.each([
    [['generate', dir]],
    [['generate', dir, '--ids', '1', '--prompt', 'a']],
    [['generate', dir, '--ids', '1;2']],
    [['generate', dir, '--ids', '1', '--temperature', 'hot']],
    [['generate', dir, '--ids', '1', '--max-new-tokens', '0']],
    [['generate', dir, '--ids', '1', '--device', 'abacus']],
    [['score', dir]],
    [['logits', dir]],
    [['inspect']],
    [['improve', dir]]
  ])('wrong usage is exit 2 (%#)', async (words) => {
    const { exitCode, answer } = await json('model', ...words)
    expect(exitCode).toBe(2)
    expect(answer).toMatchObject({ error: { code: 'unknown-command' } })
  })
})
