import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SampleRow } from '../../../../src/contract/job'
import * as critics from '../../../../src/jobs/critic/open'
import { parametersHash } from '../../../../src/jobs/model/policy'
import { RunFolder } from '../../../../src/jobs/run/folder'
import { train } from '../../../../src/jobs/run/train'
import { openRolloutsLoop } from '../../../../src/jobs/run/rollouts'
import { metricNames } from '../../../../src/pipeline/optimise/metrics'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { criticThat } from '../critic/failing-critic'
import { adapterBytes, quietHost, silentRule, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
let runs = 0
/** A folder of its own for every run. */
const root = (): string => join(scratch, String(++runs))
afterEach(() => void vi.restoreAllMocks())

const steps = (dir: string): string[] => readdirSync(join(dir, 'checkpoints')).sort()
const samples = (dir: string): SampleRow[] =>
  readFileSync(join(dir, 'samples.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as SampleRow)

describe('a run on rollouts', () => {
  test('writes metrics, samples, checkpoints and an adapter, and learns', async () => {
    const dir = tinyRun(root(), 'run', { steps: 8, keep: 2, optimizer: { learningRate: 3e-3 } })
    const result = await train(dir, quietHost())
    expect(result).toMatchObject({ state: 'finished', step: 8, adapter: join(dir, 'adapter') })
    const rows = timelessMetrics(dir)
    expect(rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const written = Object.keys(
      JSON.parse(readFileSync(join(dir, 'metrics.jsonl'), 'utf8').split('\n')[0]) as object
    )
    // Nothing is good in this run, so there is nothing to be measured of it.
    expect(metricNames.filter((name) => !written.includes(name))).toEqual(['logprob_change/positive'])
    for (const row of rows) {
      expect(row['logprob_change/negative']).toBeLessThan(row['logprob_change/neutral'])
      expect(row['policy/sampler_difference']).toBeLessThan(1e-3)
    }
    expect(rows[0]['objective/kl']).toBeCloseTo(0, 6)
    expect(rows[7]['objective/kl_full']).toBeGreaterThan(0)
    expect(samples(dir)).toHaveLength(64)
    for (const { ids, offsets, rewards, logProbChange, text, spans } of samples(dir)) {
      expect(offsets).toHaveLength(ids.length)
      expect(rewards).toHaveLength(ids.length)
      expect(logProbChange).toHaveLength(ids.length)
      for (const { start, end } of spans) expect('aeiou').toContain([...text].slice(start, end).join(''))
    }
    const { step: best } = JSON.parse(readFileSync(join(dir, 'best.json'), 'utf8')) as { step: number }
    expect(steps(dir)).toEqual([...new Set([String(best), '6', '8'])].sort())
    expect(adapterBytes(dir)).toEqual(adapterBytes(dir, 'checkpoints/8'))
    expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toMatchObject({
      state: 'finished',
      step: 8
    })
    expect(RunFolder.open(dir).resolved.hashes).toHaveProperty('model')
  })

  test('stopped and resumed is the unbroken run, bit for bit', async () => {
    const unbroken = tinyRun(root(), 'unbroken', { algorithm: { kl: { target: 2 } } })
    await train(unbroken, quietHost())
    const broken = tinyRun(root(), 'broken', { algorithm: { kl: { target: 2 } } })
    let seen = 0
    const stopping = quietHost((event) => {
      if (event.kind === 'progress' && event.progress.done === 3 && seen++ === 0)
        writeFileSync(join(broken, 'control'), 'stop')
    })
    expect(await train(broken, stopping)).toMatchObject({ state: 'stopped', step: 3, adapter: null })
    expect(steps(broken)).toEqual(['2', '3'])
    // As a crash would leave it: a later step half-written.
    writeFileSync(join(broken, 'metrics.jsonl'), '{"step":4,"loss/po', { flag: 'a' })
    expect(await train(broken, quietHost())).toMatchObject({ state: 'finished', step: 4 })
    expect(adapterBytes(broken)).toEqual(adapterBytes(unbroken))
    expect(timelessMetrics(broken)).toEqual(timelessMetrics(unbroken))
    expect(samples(broken)).toEqual(samples(unbroken))
  })

  test('a damaged newest checkpoint is passed over for the one before it', async () => {
    const dir = tinyRun(root(), 'run')
    await train(dir, quietHost())
    const finished = adapterBytes(dir)
    rmSync(join(dir, 'adapter'), { recursive: true })
    writeFileSync(join(dir, 'checkpoints/4/optimizer.safetensors'), 'torn')
    await train(dir, quietHost())
    expect(adapterBytes(dir)).toEqual(finished)
    expect(timelessMetrics(dir).map(({ step }) => step)).toEqual([1, 2, 3, 4])
  })

  test('pauses between two steps and goes on', async () => {
    const dir = tinyRun(root(), 'run')
    const states: (string | undefined)[] = []
    let word: 'pause' | 'continue' | null = null
    const result = await train(dir, {
      emit: (event) => {
        if (event.kind !== 'progress') return
        states.push(event.progress.note)
        if (event.progress.note === 'paused') word = 'continue'
        else if (event.progress.done === 2 && !states.includes('paused')) word = 'pause'
      },
      takeControl: () => {
        const taken = word
        word = null
        return taken
      }
    })
    expect(result.state).toBe('finished')
    expect(states.filter((note) => note === 'paused')).toHaveLength(1)
  })
})

describe('silence and failure', () => {
  test('a batch with no span and no KL changes nothing', async () => {
    const settings = { steps: 2, algorithm: { kl: { where: 'none' as const } } }
    const dir = tinyRun(root(), 'run', settings, [silentRule])
    const loop = await openRolloutsLoop(RunFolder.open(dir))
    const start = parametersHash(loop.snapshot().state.parameters)
    for (const step of [1, 2]) {
      const { metrics } = await loop.step(step)
      expect(metrics['policy/gradient_norm']).toBe(0)
      expect(metrics['logprob_change/neutral']).toBe(0)
    }
    expect(parametersHash(loop.snapshot().state.parameters)).toBe(start)
  })

  test('a critic that always fails leaves the adapter as it was and stops the run past the alarm', async () => {
    vi.spyOn(critics, 'openRunCritic').mockResolvedValue(criticThat(() => true))
    const dir = tinyRun(root(), 'run', { steps: 40 })
    const start = parametersHash((await openRolloutsLoop(RunFolder.open(dir))).snapshot().state.parameters)
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'critic-failing' })
    const last = timelessMetrics(dir).at(-1)
    expect(last?.step).toBeLessThanOrEqual(20)
    expect(last?.['critic/failed']).toBe(8)
    expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toMatchObject({
      state: 'failed',
      error: { code: 'critic-failing' }
    })
    const kept = adapterBytes(dir, `checkpoints/${last?.step ?? 0}`)
    const { createHash } = await import('node:crypto')
    expect(createHash('sha256').update(kept).digest('hex')).toBe(start)
    expect(existsSync(join(dir, 'adapter'))).toBe(false)
  })

  test('a failed answer has no part in a step: what it says changes nothing', async () => {
    const trained = async (name: string, vowels: boolean): Promise<string> => {
      const critic = criticThat((index) => index === 5)
      const score = critic.score.bind(critic)
      // The failed answer's text differs in what it would have earned, were it judged.
      const spy = vi.spyOn(critics, 'openRunCritic').mockResolvedValue({
        ...critic,
        score: (batch, signal) =>
          score(
            batch.map((one, index) => (index === 5 && vowels ? { ...one, response: 'aaaa' } : one)),
            signal
          )
      })
      const loop = await openRolloutsLoop(RunFolder.open(tinyRun(root(), name)))
      const { metrics, samples: rows } = await loop.step(1)
      expect(metrics['critic/failed']).toBe(1)
      expect(rows[5]).toMatchObject({ status: 'failed', reason: 'critic-failed: it was told to' })
      spy.mockRestore()
      return parametersHash(loop.snapshot().state.parameters)
    }
    expect(await trained('one', true)).toBe(await trained('two', false))
  })
})

describe('other settings', () => {
  test.each([
    ['every weight', { lora: null }],
    ['a value head', { algorithm: { baseline: 'value' as const } }],
    ['KL in the loss', { algorithm: { kl: { where: 'loss' as const } } }],
    ['a lower temperature', { sampling: { temperature: 0.7, maxNewTokens: 10 } }],
    ['scalar rewards', { algorithm: { name: 'scalar-ppo' as const } }],
    ['spans of another answer', { control: 'rotate' as const }]
  ])('%s: trains, and a resumed run is the same', async (_, settings) => {
    const folder = root()
    const whole = tinyRun(folder, 'whole', { steps: 2, checkpointEvery: 1, ...settings })
    await train(whole, quietHost())
    const parts = tinyRun(folder, 'parts', { steps: 2, checkpointEvery: 1, ...settings })
    await train(parts, {
      emit: () => undefined,
      takeControl: () => (existsSync(join(parts, 'checkpoints/1')) ? 'stop' : null)
    })
    await train(parts, quietHost())
    expect(timelessMetrics(parts)).toEqual(timelessMetrics(whole))
    const tensors = readdirSync(join(whole, 'checkpoints/2')).filter((name) => name.endsWith('.safetensors'))
    expect(tensors.length).toBeGreaterThan(1)
    for (const file of tensors)
      expect(
        readFileSync(join(parts, 'checkpoints/2', file)).equals(
          readFileSync(join(whole, 'checkpoints/2', file))
        )
      ).toBe(true)
  })

  test('leave-one-out with one answer a prompt is refused', async () => {
    const dir = tinyRun(root(), 'run', { algorithm: { samplesPerPrompt: 1 } })
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'bad-configuration' })
  })
})
