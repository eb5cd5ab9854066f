import { describe, expect, it } from 'vitest'
import { floats, type ParameterSet } from '../../../../src/engine/graph'
import type { Trainable } from '../../../../src/engine/models/model'
import { newTrainingState, type TrainingState } from '../../../../src/engine/optim/state'
import { createOfflineStep } from '../../../../src/engine/rl/offline-step'
import { createPpoStep, type PpoBatch } from '../../../../src/engine/rl/ppo-step'
import { createSupervisedStep } from '../../../../src/engine/rl/supervised-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const model = toyModel(toyConfig(true), new Random(5))
const [rows, micro, length] = [6, 2, 9]
const settings = {
  learningRate: 0.01,
  weightDecay: 0.1,
  gradientClip: 0.5,
  clip: 0.2,
  valueClip: 0.2,
  valueCoefficient: 0.3,
  policyCoefficient: 1,
  klCoefficient: 0.2
}

const random = new Random(8)
const count = rows * length
const batch: PpoBatch & { weights: Float32Array } = {
  ids: BigInt64Array.from({ length: count }, () => BigInt(random.below(11))),
  // Answers of other lengths in every row, and one row without any: the micro-batches weigh differently.
  mask: Float32Array.from({ length: count }, (_, i) => {
    const [row, t] = [Math.floor(i / length), i % length]
    return row !== 3 && t >= 2 && t < length - 1 - row ? 1 : 0
  }),
  oldLogProbs: random.floats(count, () => -2.4 + 0.3 * random.normal()),
  advantages: random.floats(count),
  returns: random.floats(count),
  oldValues: random.floats(count, () => 0.1 * random.normal()),
  weights: random.floats(count),
  temperature: 1
}

/** Rows `micro` at a time. */
const pieces = Array.from({ length: rows / micro }, (_, index) => {
  const cut = <T extends Float32Array | BigInt64Array>(data: T): T =>
    data.slice(index * micro * length, (index + 1) * micro * length) as T
  const { ids, mask, oldLogProbs, advantages, returns, oldValues, weights, temperature } = batch
  const arrays = { mask, oldLogProbs, advantages, returns: returns!, oldValues: oldValues!, weights }
  const parts = Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, cut(data)]))
  return { ...(parts as typeof arrays), ids: cut(ids), temperature }
})

const full: Trainable = { kind: 'full' }
const lora: Trainable = { kind: 'lora', lora: toyLora }
const shape = { model, runtime, length }
type Stats = Readonly<Record<string, number>>

/** Each kind of step, whole and accumulated. */
const kinds = {
  ppo: async (trainable: Trainable, accumulate: boolean, state: TrainingState) => {
    const options = { ...shape, trainable, value: true, reference: true, batch: accumulate ? micro : rows }
    const step = await createPpoStep({ ...options, accumulate, responseTokens: accumulate ? 13 : 40 })
    const take = async (): Promise<unknown> => step.step(accumulate ? pieces : batch, settings, state)
    return { take, release: () => step.release() }
  },
  offline: async (trainable: Trainable, accumulate: boolean, state: TrainingState) => {
    const step = await createOfflineStep({
      ...shape,
      trainable,
      accumulate,
      batch: accumulate ? micro : rows,
      surrogate: 'clipped'
    })
    const take = async (): Promise<unknown> => step.step(accumulate ? pieces : batch, settings, state)
    return { take, release: () => step.release() }
  },
  supervised: async (trainable: Trainable, accumulate: boolean, state: TrainingState) => {
    const step = await createSupervisedStep({
      ...shape,
      trainable,
      accumulate,
      batch: accumulate ? micro : rows
    })
    const take = async (): Promise<unknown> => step.step(accumulate ? pieces : batch, settings, state)
    return { take, release: () => step.release() }
  }
}

describe.each(Object.entries(kinds))('a step on micro-batches, %s', (kind, open) => {
  it.each([
    ['full', full],
    ['lora', lora]
  ] as const)('is the step on all of them at once, %s', async (_, trainable) => {
    const parameters = toyParameters(model, trainable, kind === 'ppo', new Random(6))
    const states = [newTrainingState(parameters), newTrainingState(parameters)]
    const steps = [await open(trainable, false, states[0]), await open(trainable, true, states[1])]
    const [whole, summed] = [(await steps[0].take()) as Stats, (await steps[1].take()) as Stats]
    expect(Object.keys(summed).sort()).toEqual(Object.keys(whole).sort())
    for (const [name, value] of Object.entries(whole))
      expect(Math.abs(summed[name] - value), name).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)))
    for (const step of steps) await step.release()
    expect(states[1].step).toBe(1)
    // The first moment is a tenth of the clipped gradient.
    expect(worstDifference(states[0].first, states[1].first)).toBeLessThanOrEqual(1e-6)
    expect(worstDifference(states[0].parameters, parameters)).toBeGreaterThan(0.005)
  })
})

it('leaves the state alone when one micro-batch holds a NaN', async () => {
  const state = newTrainingState(toyParameters(model, lora, true, new Random(6)))
  const before = state.parameters
  const step = await createPpoStep({ ...shape, trainable: lora, value: true, batch: micro, accumulate: true })
  const broken = pieces.map((piece, index) =>
    index === 1 ? { ...piece, oldLogProbs: piece.oldLogProbs.map(() => NaN) } : piece
  )
  const failing = step.step(broken, { ...settings, klCoefficient: 0 }, state)
  await expect(failing).rejects.toMatchObject({ code: 'not-a-number' })
  await step.release()
  expect(state.parameters).toBe(before)
  expect(state.step).toBe(0)
})

/** Largest difference of an element, relative to the largest element of its tensor. */
function worstDifference(a: ParameterSet, b: ParameterSet): number {
  let worst = 0
  for (const [name, tensor] of a) {
    const [left, right] = [floats(tensor), floats(b.get(name)!)]
    const largest = left.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
    left.forEach((value, index) => (worst = Math.max(worst, Math.abs(value - right[index]) / largest)))
  }
  return worst
}
