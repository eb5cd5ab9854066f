import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chooseMemory } from '../../../../src/app/runs/memory-choice'
import { planPrepared, startRun } from '../../../../src/app/runs/runs'
import { prepareRun } from '../../../../src/app/runs/prepare'
import { readRunRecord } from '../../../../src/app/runs/folder'
import type { RunConfig } from '../../../../src/contract/run-config'
import { estimateRunMemory, readModelSize, type RunLengths } from '../../../../src/jobs/sessions/memory'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { tinyRun } from '../../jobs/run/tiny-run'

const scratch = scratchFolder()
let count = 0
const run = (): RunConfig => readRunRecord(tinyRun(scratch, `run-${++count}`, { batch: 64 })).config
const lengths: RunLengths = { source: 'rollouts', prompts: [4, 5] }
const modelOf = ({ model }: RunConfig) => {
  const file = join(model, 'config.json')
  return readModelSize(JSON.parse(readFileSync(file, 'utf8')), file)
}

test('auto takes the fastest way that fits its budget, and the leanest where none does', async () => {
  const config = run()
  const model = modelOf(config)
  const total = async (memory: 'fast' | 'frugal', microBatch: number | null): Promise<number> =>
    (await estimateRunMemory({ ...config, memory, microBatch }, model, lengths)).total
  const chosen = async (memoryBudget: number) => {
    const choice = await chooseMemory({ ...config, memory: 'auto', memoryBudget }, model, lengths)
    expect(choice.budget).toBe(memoryBudget)
    return { memory: choice.config.memory, microBatch: choice.config.microBatch }
  }
  const [whole, half, least] = [await total('fast', null), await total('fast', 32), await total('frugal', 1)]
  expect(half).toBeLessThan(whole)
  expect(await chosen(whole)).toEqual({ memory: 'fast', microBatch: null })
  expect(await chosen(whole - 1)).toEqual({ memory: 'fast', microBatch: 32 })
  expect(await chosen(least - 1)).toEqual({ memory: 'frugal', microBatch: 1 })
  // What the person asked for at most is never exceeded.
  const capped = await chooseMemory({ ...config, memory: 'auto', microBatch: 16 }, model, lengths)
  expect(capped.config).toMatchObject({ memory: 'fast', microBatch: 16 })
  expect(await chooseMemory(config, model, lengths)).toEqual({ config, budget: null })
})

test('the plan says what was chosen, and a run folder never holds auto', async () => {
  const asked: RunConfig = { ...run(), memory: 'auto', memoryBudget: 1 }
  const plan = await planPrepared(prepareRun(asked, null))
  expect(plan.config).toMatchObject({ memory: 'frugal', microBatch: 1, memoryBudget: 1 })
  expect(plan.memory).toMatchObject({ budget: 1, fits: false })
  expect(() => startRun(null, asked, join(scratch, 'auto'))).toThrow(
    expect.objectContaining({ code: 'bad-configuration' })
  )
  const { dir } = startRun(null, plan.config, join(scratch, 'chosen'))
  expect(readRunRecord(dir).config).toEqual(plan.config)
})
