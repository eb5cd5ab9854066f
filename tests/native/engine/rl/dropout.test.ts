import { describe, expect, test } from 'vitest'
import type { Lora } from '../../../../src/engine/models/model'
import { loraParameters } from '../../../../src/engine/models/parameters'
import { float32, floats, type ParameterSet } from '../../../../src/engine/graph'
import { newTrainingState } from '../../../../src/engine/optim/state'
import type { DropoutChance } from '../../../../src/engine/rl/dropout'
import { createOfflineStep } from '../../../../src/engine/rl/offline-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { numbers, randomModel } from '../../../pure/engine/checkpoint/random-model'

const model = randomModel()
const runtime = openRuntime({ device: 'cpu', threads: 1 })
const [batch, length] = [2, 6]
const modules = ['q_proj', 'k_proj', 'down_proj']
const lora: Lora = { rank: 3, alpha: 6, modules, dropout: 0.25 }
const next = numbers(9)
const random = (): ParameterSet =>
  new Map(
    [...loraParameters(model.config, lora, next)].map(([name, { shape, data }]) => [
      name,
      float32(
        shape,
        Float32Array.from({ length: data.length }, () => next() - 0.5)
      )
    ])
  )
const parameters = random()
const ids = BigInt64Array.from({ length: batch * length }, (_, i) => BigInt((5 * i + 3) % 37))
const mask = Float32Array.from({ length: batch * length }, (_, i) => Number(i % length > 1 && i % length < 5))
const weights = mask.map((kept, i) => kept * (i % 2 === 0 ? 1 : -1))

async function step(settings: Lora, dropout?: DropoutChance) {
  const trainable = { kind: 'lora', lora: settings } as const
  const offline = await createOfflineStep({
    runtime,
    model,
    trainable,
    batch,
    length,
    surrogate: 'unlikelihood'
  })
  const state = newTrainingState(new Map(parameters))
  const rates = { learningRate: 0.01, weightDecay: 0, gradientClip: 1, klCoefficient: 0.1 }
  const stats = await offline.step({ ids, mask, weights, dropout }, rates, state)
  await offline.release()
  return { stats, state }
}

const all =
  (value: number): DropoutChance =>
  (_matrix, inputs) =>
    new Float32Array(batch * length * inputs).fill(value)
const some =
  (seed: number): DropoutChance =>
  (matrix, inputs) =>
    Float32Array.from({ length: batch * length * inputs }, numbers(seed + matrix))

describe('dropout of an adapter', () => {
  test('that leaves nothing out divides its inputs by 1 - p', async () => {
    const kept = await step(lora, all(0.25))
    const larger = await step({ rank: 3, alpha: 6 / 0.75, modules })
    expect(kept.stats.loss).toBeCloseTo(larger.stats.loss, 5)
    expect(kept.stats.gradientNorm).toBeCloseTo(larger.stats.gradientNorm, 4)
  })

  test('that leaves everything out is the model without its adapter, and moves nothing', async () => {
    const { stats, state } = await step(lora, all(0.2499))
    expect(stats.kl).toBeCloseTo(0, 6)
    expect(stats.gradientNorm).toBe(0)
    expect([...state.parameters]).toEqual([...parameters])
  })

  test('is in what is fed: the same numbers give the same bits, others give others', async () => {
    const [one, again, other] = [
      await step(lora, some(1)),
      await step(lora, some(1)),
      await step(lora, some(2))
    ]
    expect(again).toEqual(one)
    expect(other.stats.loss).not.toBe(one.stats.loss)
    const name = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'
    const moved = [...floats(one.state.parameters.get(name) as never)]
    expect(moved).not.toEqual([...floats(parameters.get(name) as never)])
  })

  test('leaves out the same in two batches of one sequence as in one of two', async () => {
    const trainable = { kind: 'lora', lora } as const
    const shape = { runtime, model, trainable, length, surrogate: 'unlikelihood' } as const
    const whole = await createOfflineStep({ ...shape, batch })
    const halves = await createOfflineStep({ ...shape, batch: 1, accumulate: true })
    const dropout: DropoutChance = (matrix, inputs, first, rows) =>
      Float32Array.from({ length: length * inputs * batch }, numbers(40 + matrix)).slice(
        first * length * inputs,
        (first + rows) * length * inputs
      )
    const rates = { learningRate: 0.01, weightDecay: 0, gradientClip: 1, klCoefficient: 0.1 }
    const one = await whole.step(
      { ids, mask, weights, dropout },
      rates,
      newTrainingState(new Map(parameters))
    )
    const cut = <Data extends Float32Array | BigInt64Array>(data: Data, row: number) =>
      data.slice(row * length, (row + 1) * length) as Data
    const parts = [0, 1].map((row) => ({
      ...{ ids: cut(ids, row), mask: cut(mask, row), weights: cut(weights, row), dropout }
    }))
    const two = await halves.step(parts, rates, newTrainingState(new Map(parameters)))
    expect(two.loss).toBeCloseTo(one.loss, 5)
    expect(two.gradientNorm).toBeCloseTo(one.gradientNorm, 4)
  })

  test('asks for one number for each input of each adapted matrix', async () => {
    const asked: number[][] = []
    await step(lora, (matrix, inputs, first, rows) => {
      asked.push([matrix, inputs, first, rows])
      return new Float32Array(batch * length * inputs).fill(0.5)
    })
    expect(asked).toEqual([0, 1, 2, 3, 4, 5].map((matrix) => [matrix, matrix % 3 === 2 ? 20 : 24, 0, batch]))
    await expect(step(lora)).rejects.toThrow('numbers that say what to leave out')
  })
})
