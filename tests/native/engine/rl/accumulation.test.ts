import { describe, expect, it } from 'vitest'
import { floats, type ParameterSet } from '../../../../src/engine/graph'
import type { Trainable } from '../../../../src/engine/models/model'
import { newTrainingState, type TrainingState } from '../../../../src/engine/optim/state'
import { createOfflineStep } from '../../../../src/engine/rl/offline-step'
import { createPpoStep, type PpoBatch } from '../../../../src/engine/rl/ppo-step'
import { createSupervisedStep } from '../../../../src/engine/rl/supervised-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters, toySettings as settings } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const model = toyModel(toyConfig(true), new Random(5))
const [rows, micro, length] = [6, 2, 9]

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

/** Some of the rows, cut to a length. */
function pieceOf(chosen: readonly number[], cutTo = length) {
  const cut = <T extends Float32Array | BigInt64Array>(data: T): T => {
    const part = data.slice(0, chosen.length * cutTo)
    chosen.forEach((row, place) =>
      (part as Float32Array).set(
        data.slice(row * length, row * length + cutTo) as Float32Array,
        place * cutTo
      )
    )
    return part as T
  }
  const { ids, mask, oldLogProbs, advantages, returns, oldValues, weights, temperature } = batch
  const arrays = { mask, oldLogProbs, advantages, returns: returns!, oldValues: oldValues!, weights }
  const parts = Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, cut(data)]))
  return { ...(parts as typeof arrays), ids: cut(ids), temperature }
}

/** Rows `micro` at a time. */
const pieces = [pieceOf([0, 1]), pieceOf([2, 3]), pieceOf([4, 5])]
/** The same by length: what is trained on of row r ends r tokens before the batch does. */
const shorter = [5, 7]
const sorted = [pieceOf([5, 4], 5), pieceOf([3, 2], 7), pieceOf([1, 0])]

const full: Trainable = { kind: 'full' }
const lora: Trainable = { kind: 'lora', lora: toyLora }
const shape = { model, runtime, length }
type Stats = Readonly<Record<string, number>>
const batches = { whole: batch, pieces, sorted }
type Way = keyof typeof batches

const sizeOf = (way: Way) => ({
  batch: way === 'whole' ? rows : micro,
  accumulate: way !== 'whole',
  shorter: way === 'sorted' ? shorter : []
})

/** Each kind of step, whole and accumulated. */
const kinds = {
  ppo: async (trainable: Trainable, way: Way, state: TrainingState) => {
    const options = { ...shape, ...sizeOf(way), trainable, value: true, reference: true }
    const step = await createPpoStep({ ...options, responseTokens: way === 'whole' ? 40 : 13 })
    const take = async (): Promise<unknown> => step.step(batches[way], settings, state)
    return { take, release: () => step.release() }
  },
  offline: async (trainable: Trainable, way: Way, state: TrainingState) => {
    const step = await createOfflineStep({ ...shape, ...sizeOf(way), trainable, surrogate: 'clipped' })
    const take = async (): Promise<unknown> => step.step(batches[way], settings, state)
    return { take, release: () => step.release() }
  },
  supervised: async (trainable: Trainable, way: Way, state: TrainingState) => {
    const step = await createSupervisedStep({ ...shape, ...sizeOf(way), trainable })
    const take = async (): Promise<unknown> => step.step(batches[way], settings, state)
    return { take, release: () => step.release() }
  }
}

describe.each(Object.entries(kinds))('a step on micro-batches, %s', (kind, open) => {
  const ways = kind === 'supervised' ? (['pieces'] as const) : (['pieces', 'sorted'] as const)
  it.each(
    ways.flatMap(
      (way) =>
        [
          ['full', way, full],
          ['lora', way, lora]
        ] as const
    )
  )('is the step on all of them at once, %s, %s', async (_, way, trainable) => {
    const parameters = toyParameters(model, trainable, kind === 'ppo', new Random(6))
    const states = [newTrainingState(parameters), newTrainingState(parameters)]
    const steps = [await open(trainable, 'whole', states[0]), await open(trainable, way, states[1])]
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
