import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readRunView } from '../../src/app/runs/folder'
import { resumableRun } from '../../src/app/runs/runs'
import { hostJob } from '../../src/cli/job-host'
import { train } from '../../src/jobs/run/train'
import { chance } from '../../src/pipeline/optimise/chance'
import { annotatedRun, answers } from '../native/jobs/run/annotated-run'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from '../native/jobs/run/tiny-run'
import { scratchFolder } from '../pure/engine/checkpoint/scratch'
import { halfWritten, hosted, lines, moments, type Moment } from './killing'

const scratch = scratchFolder()
const { afterTime, afterStep, whileSaving } = moments(chance(3, 'text'))

const deaths: Moment[] = [
  ...[afterTime(1500, 5), afterStep(5), whileSaving(1), afterStep(3), whileSaving(2)],
  ...[afterTime(4000, 5), whileSaving(1), afterStep(4), whileSaving(2), afterStep(6)]
]

describe.each([
  {
    source: 'rollouts',
    make: (name: string) =>
      tinyRun(join(scratch, name), 'run', {
        ...{ steps: 48, checkpointEvery: 3, batch: 12, control: 'random', sampling: { maxNewTokens: 24 } },
        // The adapter moves once the value head has been trained alone, for 20 steps.
        algorithm: { baseline: 'value', kl: { target: 2 } },
        optimizer: { learningRate: 1e-3, warmup: 5, schedule: 'cosine' }
      })
  },
  {
    source: 'annotated',
    make: (name: string) =>
      annotatedRun(
        join(scratch, name),
        {
          ...{ steps: 48, checkpointEvery: 3, evaluateEvery: 5, control: 'shuffle' },
          optimizer: { learningRate: 1e-3, warmup: 5, schedule: 'linear' }
        },
        answers(60)
      )
  }
])('a trainer on $source', ({ source, make }) => {
  let unbroken = ''
  beforeAll(async () => {
    unbroken = make(`${source}-unbroken`)
    await train(unbroken, quietHost())
  })

  test('killed 10 times at random moments and resumed leaves what the unbroken run leaves', async () => {
    const dir = make(`${source}-killed`)
    const told: string[] = []
    const torn = new Set<string>()
    for (const moment of deaths) {
      expect(await hosted({ kind: 'train', runDir: dir }, moment(dir))).toMatchObject({
        code: 'trainer-died'
      })
      // Killed before it could say that it runs, it is still waiting.
      const { state } = readRunView(dir)
      expect(['interrupted', 'waiting']).toContain(state)
      if (state === 'interrupted') expect(resumableRun(dir).dir).toBe(dir)
      const half = halfWritten(dir)
      half.forEach((name) => torn.add(name))
      told.push(`${lines(dir)}${half.length > 0 ? ` writing ${half.join(' ')}` : ''}`)
    }
    console.info(`${source}: killed after step ${told.join(', ')}`)
    expect(torn.size).toBeGreaterThan(0)
    expect(lines(dir)).toBeLessThan(48)
    const last = hostJob({ kind: 'train', runDir: dir })
    await expect(last).resolves.toMatchObject({ state: 'finished', step: 48 })

    expect(timelessMetrics(dir)).toEqual(timelessMetrics(unbroken))
    expect(adapterBytes(dir).equals(adapterBytes(unbroken))).toBe(true)
    const samples = (run: string): Buffer => readFileSync(join(run, 'samples.jsonl'))
    expect(samples(dir).equals(samples(unbroken))).toBe(true)
    const optimiser = (run: string): Buffer => readFileSync(join(run, 'checkpoints/48/optimizer.safetensors'))
    expect(optimiser(dir).equals(optimiser(unbroken))).toBe(true)
    expect(halfWritten(dir)).toEqual([])
  })
})

test('Ctrl-C stops after the step, with a checkpoint, and the run goes on from it', async () => {
  const settings = { steps: 60, checkpointEvery: 7, batch: 16, sampling: { maxNewTokens: 40 } }
  const dir = tinyRun(join(scratch, 'c'), 'stopped', settings)
  const controller = new AbortController()
  const timer = setInterval(() => {
    if (lines(dir) >= 2) controller.abort()
  }, 5)
  const result = await hostJob({ kind: 'train', runDir: dir }, { signal: controller.signal })
  clearInterval(timer)
  expect(result).toMatchObject({ state: 'stopped' })
  const { step, state } = readRunView(dir)
  expect(state).toBe('stopped')
  expect(step).toBeLessThan(60)
  expect(existsSync(join(dir, 'checkpoints', String(step)))).toBe(true)
})
