import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { float32, floats } from '../../../../src/engine/graph'
import { train } from '../../../../src/jobs/run/train'
import * as schedule from '../../../../src/pipeline/optimise/schedule'
import { randomModel, writeModelFolder } from '../../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun } from './annotated-run'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()
afterEach(() => void vi.restoreAllMocks())

const settings = { steps: 5, checkpointEvery: 1, keep: 9 }
const makers = [
  { source: 'rollouts', make: (name: string) => tinyRun(join(scratch, name), 'run', settings) },
  { source: 'annotated', make: (name: string) => annotatedRun(join(scratch, name), settings) }
]

/** SHA-256 of each file that a run is resumed from. */
function filesOf(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const kept = names.filter((name) => /^(checkpoints|data|metrics|samples|run\.json|best)/.test(name))
  const files = kept.filter((name) => statSync(join(dir, name)).isFile())
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(dir, name)))
        .digest('hex')
    ])
  )
}

describe.each(makers)('a run on $source', ({ source, make }) => {
  test('whose learning rate explodes stops with the step, the tensor and the checkpoint, which is untouched', async () => {
    const unbroken = make(`${source}-unbroken`)
    await train(unbroken, quietHost())
    const dir = make(`${source}-exploding`)
    const real = schedule.learningRateAt
    let exploding = false
    let before: Record<string, string> = {}
    const spy = vi
      .spyOn(schedule, 'learningRateAt')
      .mockImplementation((...asked) => (exploding ? 1e30 : real(...asked)))
    const host = quietHost((event) => {
      if (event.kind !== 'progress' || event.progress.done !== 2 || exploding) return
      before = filesOf(dir)
      exploding = true
    })
    const error = await train(dir, host).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'not-a-number' })
    const { message } = error as Error
    expect(message).toMatch(/is (NaN|-?Infinity)/)
    expect(message).toMatch(/base_model\.model\.model\.layers\.\d\.\S+\.lora_[AB]\.weight/)
    expect(message).toContain(
      `2 of 5 steps are done; the last good checkpoint is that of step 2, ${join(dir, 'checkpoints/2')}.`
    )
    expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toEqual({
      ...{ state: 'failed', step: 2 },
      error: { code: 'not-a-number', message }
    })
    expect(Object.keys(before).filter((name) => name.startsWith('checkpoints/2/')).length).toBeGreaterThan(3)
    expect(filesOf(dir)).toEqual(before)

    // With an honest rate the run goes on from there as if nothing had been.
    spy.mockRestore()
    await train(dir, quietHost())
    expect(adapterBytes(dir).equals(adapterBytes(unbroken))).toBe(true)
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(unbroken))
  })

  test('whose model holds a NaN stops before its first step, naming the tensor', async () => {
    const dir = make(`${source}-broken-model`)
    const name = 'model.layers.1.self_attn.o_proj.weight'
    writeModelFolder(join(dir, '../model'), randomModel({ vocabularySize: 31 }), {
      tensors: (tensors) => {
        const tensor = tensors.get(name)
        if (!tensor) throw new Error('there is no such tensor')
        const data = floats(tensor).slice()
        data[7] = NaN
        tensors.set(name, float32(tensor.shape, data))
      }
    })
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'not-a-number',
      message: expect.stringMatching(
        new RegExp(`[Tt]he model's own tensor ${name} holds NaN.*0 of 5 steps are done; no checkpoint`)
      ) as string
    })
  })
})
