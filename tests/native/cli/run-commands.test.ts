import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { randomModel, writeModelFolder } from '../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { poorRule, tinyModel } from '../jobs/run/tiny-run'
import { text2grad } from './run-command'

const scratch = scratchFolder()
const at = (name: string): string => join(scratch, name)
const project = at('letters.t2g')
const config = at('run-config.json')

/** The one JSON document of a command. */
async function json(...words: string[]) {
  const said = await text2grad(...words, '--json')
  return { exitCode: said.exitCode, error: said.error, answer: said.json as Record<string, unknown> }
}

/** `run start` of the project with the configuration. */
const start = (...words: string[]) => json('run', 'start', '--project', project, '--config', config, ...words)

beforeAll(async () => {
  mkdirSync(scratch, { recursive: true })
  writeFileSync(at('rules.json'), JSON.stringify({ version: 1, rules: [poorRule] }))
  const lines = Array.from({ length: 12 }, (_, index) => ({
    prompt: `say ${'abcdefghijkl'[index]} `,
    response: 'a dog.'
  }))
  writeFileSync(at('in.jsonl'), lines.map((line) => JSON.stringify(line) + '\n').join(''))
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      model: tinyModel(at('model')),
      source: 'rollouts',
      prompts: { project: 'split:all' },
      critic: 'rules:rules.json',
      batch: 8,
      steps: 3,
      checkpointEvery: 2,
      sampling: { maxNewTokens: 8 },
      lora: { rank: 4, alpha: 8 }
    })
  )
  await text2grad('import', at('in.jsonl'), '--project', project)
})

describe('run', () => {
  test('start --dry-run says what would train and writes nothing', async () => {
    const { answer, exitCode } = await start('--dry-run')
    expect(exitCode).toBe(0)
    expect(answer).toMatchObject({
      prompts: 12,
      answers: 0,
      dropped: [],
      config: { steps: 3, template: 'plain' }
    })
    expect(answer.memory).toMatchObject({ fits: true, total: expect.any(Number) })
    expect(existsSync(at('dry'))).toBe(false)
  })

  test('start trains, show and list tell, report writes a page, and another folder repeats it', async () => {
    const first = await start('--out', at('one'), '--set', 'seed=4')
    expect(first.error).not.toMatch(/text2grad:/)
    expect(first).toMatchObject({
      exitCode: 0,
      answer: { state: 'finished', step: 3, adapter: at('one/adapter') }
    })
    expect(first.answer.metrics).toHaveProperty('objective/kl')
    const shown = await json('run', 'show', at('one'))
    expect(shown.answer).toEqual(first.answer)
    const { answer: listed } = await json('run', 'list', '--project', project)
    expect(listed).toMatchObject({ runs: [{ dir: at('one'), state: 'finished' }] })
    await json('report', at('one'), '--out', at('one.html'))
    expect(readFileSync(at('one.html'), 'utf8')).toMatch(/Before and after/)

    // run.json is everything that is needed to repeat the run.
    await json('run', 'start', '--project', project, '--config', at('one/run.json'), '--out', at('again'))
    expect(readFileSync(at('again/adapter/adapter_model.safetensors'))).toEqual(
      readFileSync(at('one/adapter/adapter_model.safetensors'))
    )
    const { answer: compared } = await json('run', 'compare', at('one'), at('again'))
    expect(compared.differences).toEqual({})
    const finished = await json('run', 'resume', at('one'))
    expect(finished).toMatchObject({ exitCode: 1, answer: { error: { code: 'run-not-resumable' } } })
    const stopped = await json('run', 'stop', at('one'))
    expect(stopped).toMatchObject({ exitCode: 1, answer: { error: { code: 'bad-input' } } })
  })

  test('stop ends a run that goes on elsewhere, and resume takes it up', async () => {
    const going = json(
      'run',
      'start',
      '--config',
      config,
      '--project',
      project,
      '--out',
      at('long'),
      '--set',
      'steps=400'
    )
    while (!existsSync(at('long/metrics.jsonl'))) await new Promise((resolve) => setTimeout(resolve, 20))
    const { answer } = await json('run', 'stop', at('long'))
    expect(answer).toMatchObject({ state: 'stopped', adapter: null })
    expect(await going).toMatchObject({ exitCode: 0, answer: { state: 'stopped', step: answer.step } })
    expect(existsSync(answer.checkpoint as string)).toBe(true)
  })

  test.each([
    ['a key that is not known', ['--set', 'colour=1'], 'bad-configuration', /colour/],
    ['a value of the wrong kind', ['--set', 'steps=many'], 'bad-configuration', /steps/],
    ['a critic of another kind', ['--set', 'critic=oracle:x'], 'bad-configuration', /oracle:x/],
    ["a critic's settings that are not there", ['--set', 'critic=llm:x.json'], 'not-found', /x\.json/],
    [
      'a critic on a machine that nobody allowed',
      ['--set', 'critic=llm:http://192.0.2.1/v1#model'],
      'host-not-allowed',
      /192\.0\.2\.1/
    ],
    ['a split that is none', ['--set', 'prompts.project=split:best'], 'bad-configuration', /split:best/],
    ['a model that is not there', ['--set', 'model=nowhere'], 'not-found', /nowhere/],
    [
      'answers longer than the context',
      ['--set', 'sampling.maxNewTokens=9999'],
      'nothing-to-train',
      /context/
    ],
    [
      'more answers than memory holds',
      ['--set', 'batch=2000000'],
      'out-of-memory-estimate',
      /^The run would take .* GB .*answers a step \(batch\) would take .*--over-memory\.$/
    ]
  ])('start with %s: one sentence, and nothing is written', async (_, words, code, sentence) => {
    const { exitCode, answer } = await start('--out', at('bad'), ...words)
    expect(exitCode).toBe(1)
    expect(answer.error).toMatchObject({ code, message: expect.stringMatching(sentence) as string })
    expect(existsSync(at('bad'))).toBe(false)
  })

  test('a device that is not here: refused, or the CPU where that was asked for and is written down', async () => {
    const absent = process.platform === 'win32' ? 'coreml' : 'dml'
    const startOn = (dir: string, ...words: string[]) => start('--out', at(dir), '--device', absent, ...words)
    const refused = await startOn('absent')
    expect(refused).toMatchObject({ exitCode: 1, answer: { error: { code: 'device-unavailable' } } })
    const { exitCode, answer } = await startOn('instead', '--fallback', 'cpu', '--set', 'steps=1')
    expect(exitCode).toBe(0)
    expect(answer.device).toMatchObject({
      name: 'cpu',
      insteadOf: absent,
      reason: expect.stringContaining(absent)
    })
    expect(readFileSync(at('instead/log.txt'), 'utf8')).toContain(`computed on cpu: ${absent} cannot be used`)
  })

  test('start into a folder that is used, and show of one that is no run', async () => {
    mkdirSync(at('used'))
    writeFileSync(at('used/file'), 'mine')
    const used = await start('--out', at('used'))
    expect(used).toMatchObject({ exitCode: 1, answer: { error: { code: 'bad-input' } } })
    expect(readFileSync(at('used/file'), 'utf8')).toBe('mine')
    expect(await json('run', 'show', at('used'))).toMatchObject({
      exitCode: 1,
      answer: { error: { code: 'not-found' } }
    })
  })
})

describe('sample', () => {
  test("puts the policy's own answers into the project, and a seed repeats them", async () => {
    const words = ['sample', '--project', project, '--model', at('model'), '--max-new-tokens', '12']
    const { answer, exitCode } = await json(...words, '--count', '20', '--seed', '3')
    expect({ answer, exitCode }).toEqual({ answer: { responses: 20 }, exitCode: 0 })
    const again = await json(...words, '--count', '20', '--seed', '3')
    expect(again.answer).toEqual({ responses: 0 })
    expect((await json('check', '--project', project)).answer).toMatchObject({ ok: true, responses: 32 })
    const { answer: shown } = await json('show', '--project', project)
    expect(JSON.stringify(shown)).toContain('"seed":3')
  })

  test('--base holds the model in another form: stored gives the same answers, 4 bits give others', async () => {
    const model = tinyModel(at('blocks'))
    const sizes = { hiddenSize: 32, intermediateSize: 64, heads: 2, keyValueHeads: 1, headSize: 16 }
    writeModelFolder(model, randomModel({ vocabularySize: 31, ...sizes }))
    const words = ['sample', '--project', project, '--max-new-tokens', '12', '--count', '8', '--model']
    expect((await json(...words, model)).answer).toEqual({ responses: 8 })
    // An answer that the project has already is not added again.
    expect((await json(...words, model, '--base', 'stored')).answer).toEqual({ responses: 0 })
    const { answer } = await json(...words, model, '--base', '4-bit')
    expect((answer as { responses: number }).responses).toBeGreaterThan(0)
    const unfit = await json(...words, at('model'), '--base', '4-bit')
    expect(unfit).toMatchObject({ exitCode: 1, answer: { error: { code: 'bad-configuration' } } })
    expect(unfit.error).toMatch(/multiple of 32/)
    expect((await json(...words, model, '--base', '8-bit')).exitCode).toBe(2)
  })
})
