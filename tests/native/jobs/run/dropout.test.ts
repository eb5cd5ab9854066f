import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runConfig, type RunConfigInput } from '../../../../src/contract/run-config'
import type { JobContext } from '../../../../src/jobs/context'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun, answers } from './annotated-run'
import { adapterBytes, quietHost, timelessMetrics } from './tiny-run'

const scratch = scratchFolder()
const lora = { rank: 4, alpha: 8, rsLora: true, dropout: 0.3 }
const settings = { steps: 4, checkpointEvery: 2, lora, algorithm: { surrogate: 'unlikelihood' } } as const

let count = 0
async function trained(change: Partial<RunConfigInput> = {}, context = quietHost()): Promise<string> {
  const dir = annotatedRun(join(scratch, `run-${++count}`), { ...settings, ...change }, answers(20))
  await train(dir, context)
  return dir
}

test('a run with dropout repeats itself, also when it was stopped on the way, and its adapter says so', async () => {
  const unbroken = await trained()
  let done = 0
  const stopping: JobContext = {
    emit: (event) => void (done = event.kind === 'progress' ? event.progress.done : done),
    takeControl: () => (done === 2 ? 'stop' : null)
  }
  const broken = await trained({}, stopping)
  expect(timelessMetrics(broken).length).toBeLessThan(4)
  await train(broken, quietHost())
  expect(adapterBytes(broken).equals(adapterBytes(unbroken))).toBe(true)
  expect(timelessMetrics(broken)).toEqual(timelessMetrics(unbroken))
  const config = JSON.parse(readFileSync(join(unbroken, 'adapter/adapter_config.json'), 'utf8')) as object
  expect(config).toMatchObject({ lora_dropout: 0.3, use_rslora: true, r: 4, lora_alpha: 8 })
})

test('what is left out depends on the seed, and not on how many answers are computed at a time', async () => {
  const loss = async (change: Partial<RunConfigInput> = {}) =>
    timelessMetrics(await trained({ steps: 1, ...change }))[0]['policy/gradient_norm']
  const whole = await loss()
  expect(await loss({ microBatch: 2 })).toBeCloseTo(whole, 4)
  // Steps are made up otherwise where answers of all lengths share one.
  expect(await loss({ buckets: 3 })).toBeCloseTo(await loss({ buckets: 1 }), 4)
  expect(await loss({ lora: { ...lora, dropout: 0 } })).not.toBeCloseTo(whole, 4)
})

test.each([
  [
    'span-ppo',
    { source: 'rollouts', prompts: { project: 'x' }, critic: 'rules:x', algorithm: { name: 'span-ppo' } }
  ],
  [
    'the clipped surrogate',
    { source: 'annotated', algorithm: { name: 'span-offline', surrogate: 'clipped' } }
  ]
] as const)('dropout is refused with %s, whose ratios would not start at 1', (_name, change) => {
  const parse = (dropout: number) =>
    runConfig.safeParse({ version: 1, model: 'm', ...change, lora: { dropout } })
  expect(parse(0).success).toBe(true)
  expect(parse(0.05).error?.issues.map(({ path }) => path.join('.'))).toEqual(['lora.dropout'])
})
