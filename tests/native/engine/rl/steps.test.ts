import { beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, float32, floats, type HostTensor, type ParameterSet } from '../../../../src/engine/graph'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import {
  fullParameters,
  loraParameters,
  valueBias,
  valueHeadParameters,
  valueWeight
} from '../../../../src/engine/models/parameters'
import { newTrainingState, type TrainingState } from '../../../../src/engine/optim/state'
import { createOfflineStep } from '../../../../src/engine/rl/offline-step'
import {
  createPpoStep,
  type PpoBatch,
  type PpoSettings,
  type PpoStep
} from '../../../../src/engine/rl/ppo-step'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { createSupervisedStep } from '../../../../src/engine/rl/supervised-step'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 2, spinning: false })
const batch = 4
const length = 10
const count = batch * length
const lora: Trainable = { kind: 'lora', lora: toyLora }
const full: Trainable = { kind: 'full' }
const model: Model = toyModel(toyConfig(true), new Random(2))
const ids = BigInt64Array.from({ length: count }, (_, index) =>
  BigInt((index * 7 + 3) % model.config.vocabularySize)
)
const responses = Float32Array.from({ length: count }, (_, i) =>
  i % length >= 2 && i % length < length - 1 ? 1 : 0
)
const nothing = new Float32Array(count)

const settings: PpoSettings = {
  learningRate: 0.01,
  weightDecay: 0,
  gradientClip: 1,
  clip: 0.2,
  valueClip: 0.2,
  valueCoefficient: 0.1,
  klCoefficient: 0.1,
  policyCoefficient: 1
}

/** What training starts from: an adapter that changes nothing, or the model's own weights, and a value head of zeros. */
function startOf(trainable: Trainable): ParameterSet {
  const random = new Random(4)
  const parameters =
    trainable.kind === 'lora'
      ? loraParameters(model.config, toyLora, () => random.normal())
      : fullParameters(model)
  return new Map([...parameters, ...valueHeadParameters(model.config)])
}

function ppoBatch(changes: Partial<PpoBatch> = {}): PpoBatch {
  const random = new Random(6)
  const oldLogProbs = random.floats(count, () => -2.4 + 0.3 * random.normal())
  const [advantages, returns, oldValues] = [random.floats(count), random.floats(count), nothing]
  return { ids, mask: responses, oldLogProbs, advantages, returns, oldValues, temperature: 1, ...changes }
}

/** Every byte of a state, as one string a tensor. */
const snapshot = (state: TrainingState): Record<string, string> =>
  Object.fromEntries(
    (['parameters', 'first', 'second'] as const).flatMap((set) =>
      [...state[set]].map(([name, tensor]) => [
        `${set} ${name}`,
        Buffer.from(bytesOf(tensor)).toString('hex')
      ])
    )
  )

const changed = (before: Record<string, string>, after: Record<string, string>): string[] =>
  Object.keys(before).filter((key) => before[key] !== after[key])

describe.each([
  ['lora', lora],
  ['full', full]
] as const)('a PPO step, %s', (_, trainable) => {
  let ppo: PpoStep
  beforeAll(async () => {
    ppo = await createPpoStep({ model, trainable, batch, length, runtime, value: true, reference: true })
    return () => ppo.release()
  })

  it('changes every trained tensor, and gives the same bytes for the same inputs', async () => {
    const states = [newTrainingState(startOf(trainable)), newTrainingState(startOf(trainable))]
    const before = snapshot(states[0])
    for (let turn = 0; turn < 3; turn++) {
      const stats = []
      for (const state of states) stats.push(await ppo.step(ppoBatch(), settings, state))
      expect(stats[0]).toEqual(stats[1])
      expect(stats[0].gradientNorm).toBeGreaterThan(0)
    }
    expect(states[0].step).toBe(3)
    expect(snapshot(states[0])).toEqual(snapshot(states[1]))
    expect(changed(before, snapshot(states[0])).length).toBe(Object.keys(before).length)
  })

  it('never writes into the tensors it was given', async () => {
    const state = newTrainingState(startOf(trainable))
    const first = state.parameters
    const before = snapshot({ ...state })
    await ppo.step(ppoBatch(), settings, state)
    expect(state.parameters).not.toBe(first)
    expect(changed(before, snapshot({ ...newTrainingState(first), parameters: first }))).toEqual([])
  })

  it('lowers the loss when it is repeated on one batch', async () => {
    const state = newTrainingState(startOf(trainable))
    const scorer = await createScorer({ model, trainable, batch, length, runtime, value: true })
    const { logProbs } = await scorer.score({ ids, temperature: 1, parameters: state.parameters })
    await scorer.release()
    const onPolicy = ppoBatch({ oldLogProbs: logProbs })
    const first = await ppo.step(onPolicy, settings, state)
    expect(first.ratio).toBeCloseTo(1, 6)
    expect(first.clipFraction).toBe(0)
    let last = first
    for (let turn = 0; turn < 10; turn++) last = await ppo.step(onPolicy, settings, state)
    expect(last.policyLoss).toBeLessThan(first.policyLoss - 0.05)
    expect(last.valueLoss).toBeLessThan(first.valueLoss)
  })

  it('has a KL of exactly zero, with no gradient, where the policy is the reference', async () => {
    const state = newTrainingState(startOf(trainable))
    const before = snapshot(state)
    const alone = { ...settings, policyCoefficient: 0, valueCoefficient: 0, klCoefficient: 1 }
    const stats = await ppo.step(ppoBatch(), alone, state)
    expect(stats.kl).toBe(0)
    expect(stats.gradientNorm).toBe(0)
    expect(changed(before, snapshot(state))).toEqual([])
  })

  it('leaves every byte as it is when nothing has a gradient, moments and all', async () => {
    const state = newTrainingState(startOf(trainable))
    await ppo.step(ppoBatch(), settings, state) // moments that would go on moving the weights
    const before = snapshot(state)
    const withoutKl = { ...settings, klCoefficient: 0, weightDecay: 0.1 }
    const masked = await ppo.step(ppoBatch({ mask: nothing }), withoutKl, state)
    expect(masked).toMatchObject({ loss: 0, gradientNorm: 0, valueGradientNorm: 0, ratio: 0 })
    const noSpan = { ...withoutKl, valueCoefficient: 0 }
    await ppo.step(ppoBatch({ advantages: nothing }), noSpan, state)
    expect(changed(before, snapshot(state))).toEqual([])
    expect(state.step).toBe(1)
  })

  it('moves the value head alone when the policy has no part in the loss', async () => {
    const state = newTrainingState(startOf(trainable))
    await ppo.step(ppoBatch(), settings, state)
    const before = snapshot(state)
    await ppo.step(ppoBatch(), { ...settings, policyCoefficient: 0, klCoefficient: 0 }, state)
    const names = new Set(changed(before, snapshot(state)).map((key) => key.split(' ')[1]))
    expect([...names].sort()).toEqual([valueBias, valueWeight])
  })

  it.each([
    ['oldLogProbs', /The step's input oldLogProbs holds NaN/],
    ['returns', /The step's input returns holds NaN/]
  ] as const)('stops at a NaN in %s, says where, and leaves the state alone', async (input, pattern) => {
    const state = newTrainingState(startOf(trainable))
    const before = snapshot(state)
    const broken = responses.map((kept, index) => (kept && index % 3 === 0 ? NaN : 0))
    const failing = ppo.step(ppoBatch({ [input]: broken }), settings, state)
    await expect(failing).rejects.toMatchObject({
      code: 'not-a-number',
      message: expect.stringMatching(pattern)
    })
    expect(changed(before, snapshot(state))).toEqual([])
    expect(state.step).toBe(0)
  })

  it('stops at a gradient that overflows though the loss does not', async () => {
    const state = newTrainingState(startOf(trainable))
    const huge = ppoBatch({ advantages: responses.map((kept) => kept * 1e25) })
    await expect(ppo.step(huge, settings, state)).rejects.toMatchObject({
      code: 'not-a-number',
      message: expect.stringMatching(/^The gradient of (base_model\.)?model\.\S+ overflows/)
    })
    expect(state.step).toBe(0)
  })

  it('names the trained tensor that already held a NaN', async () => {
    const parameters = startOf(trainable)
    const name = [...parameters.keys()][5]
    const tensor = parameters.get(name) as HostTensor
    const broken = floats(tensor).slice()
    broken[3] = NaN
    const state = newTrainingState(new Map(parameters).set(name, { ...tensor, data: broken }))
    const before = snapshot(state)
    await expect(ppo.step(ppoBatch(), settings, state)).rejects.toMatchObject({
      code: 'not-a-number',
      message: expect.stringContaining(`The trained tensor ${name} holds NaN`)
    })
    expect(changed(before, snapshot(state))).toEqual([])
  })

  it('names the term that overflowed and the largest weight when every tensor is a number', async () => {
    const parameters = new Map(startOf(trainable))
    const [name, tensor] = [...parameters].find(([key]) => /lora_B|o_proj/.test(key)) ?? []
    if (name === undefined || !tensor) throw new Error('there is no such tensor')
    const huge = floats(tensor).map(() => 3e38)
    const state = newTrainingState(parameters.set(name, { ...tensor, data: huge }))
    await expect(ppo.step(ppoBatch(), settings, state)).rejects.toMatchObject({
      code: 'not-a-number',
      message: expect.stringMatching(
        new RegExp(`^The loss term \\w+ is \\S+ although every weight is a number .*3\\.0e\\+38, in ${name}`)
      )
    })
  })

  it('refuses a state that belongs to another model', async () => {
    const state = newTrainingState(new Map([['other', float32([1], new Float32Array(1))]]))
    await expect(ppo.step(ppoBatch(), settings, state)).rejects.toMatchObject({ code: 'tensor-missing' })
  })

  it('ignores what stands in padding and in masked answers', async () => {
    const states = [newTrainingState(startOf(trainable)), newTrainingState(startOf(trainable))]
    const mask = responses.map((kept, index) => (index >= 3 * length || index % length > 6 ? 0 : kept))
    const other = ids.map((id, index) => (index >= 3 * length || index % length > 7 ? (id + 1n) % 11n : id))
    const first = await ppo.step(ppoBatch({ mask }), settings, states[0])
    const second = await ppo.step(ppoBatch({ mask, ids: other }), settings, states[1])
    expect(second.loss).toBeCloseTo(first.loss, 5)
    for (const [name, tensor] of states[0].parameters)
      (tensor.data as Float32Array).forEach((value, index) =>
        expect((states[1].parameters.get(name)?.data as Float32Array)[index]).toBeCloseTo(value, 4)
      )
  })
})

describe('a PPO step without a value head or a reference', () => {
  it('needs neither returns nor old values', async () => {
    const ppo = await createPpoStep({ model, trainable: lora, batch, length, runtime, value: false })
    const state = newTrainingState(loraParameters(model.config, toyLora, () => 0.5))
    const { returns: _returns, oldValues: _oldValues, ...rest } = ppoBatch()
    const stats = await ppo.step(rest, { ...settings, klCoefficient: 0 }, state)
    expect(stats).toMatchObject({ valueLoss: 0, kl: 0, valueGradientNorm: 0 })
    expect(stats.gradientNorm).toBeGreaterThan(0)
    await expect(ppo.step(rest, settings, state)).rejects.toThrow(/reference: true/)
    await ppo.release()
  })
})

describe.each([
  ['unlikelihood', lora],
  ['unlikelihood', full],
  ['clipped', lora],
  ['clipped', full]
] as const)('an offline step, %s', (surrogate, trainable) => {
  it('raises wanted tokens over unwanted ones, and stands still without weights', async () => {
    const options = { model, trainable, batch, length, runtime }
    const offline = await createOfflineStep({ ...options, surrogate })
    const state = newTrainingState(
      new Map([...startOf(trainable)].filter(([name]) => !name.startsWith('value_head')))
    )
    const weights = responses.map((kept, index) => kept * (index % 2 === 0 ? 1 : -1))
    const before = snapshot(state)

    const still = await offline.step({ ids, mask: responses, weights: nothing }, settings, state)
    expect(still).toMatchObject({ kl: 0, gradientNorm: 0 })
    expect(Math.abs(still.loss)).toBe(0)
    await offline.step({ ids, mask: nothing, weights }, settings, state)
    expect(changed(before, snapshot(state))).toEqual([])

    const scorer = await createScorer(options)
    const score = async (): Promise<Float32Array> =>
      (await scorer.score({ ids, temperature: 1, parameters: state.parameters })).logProbs
    const start = await score()
    let stats = still
    for (let turn = 0; turn < 8; turn++)
      stats = await offline.step({ ids, mask: responses, weights }, settings, state)
    const end = await score()
    const meanChange = (sign: number): number => {
      const kept = [...weights.keys()].filter((index) => weights[index] === sign)
      return kept.reduce((total, index) => total + end[index] - start[index], 0) / kept.length
    }
    expect(meanChange(1)).toBeGreaterThan(0.02)
    expect(meanChange(1) - meanChange(-1)).toBeGreaterThan(0.1)
    expect(stats.kl).toBeGreaterThan(0)
    await offline.release()
    await scorer.release()
  })
})

describe('a supervised step', () => {
  it('learns a sequence by heart', async () => {
    const supervised = await createSupervisedStep({ model, trainable: full, batch, length, runtime })
    const state = newTrainingState(fullParameters(model))
    const first = await supervised.step({ ids, mask: responses }, settings, state)
    let last = first
    for (let turn = 0; turn < 30; turn++)
      last = await supervised.step({ ids, mask: responses }, settings, state)
    expect(last.loss).toBeLessThan(first.loss / 2)
    const before = snapshot(state)
    await supervised.step({ ids, mask: nothing }, settings, state)
    expect(changed(before, snapshot(state))).toEqual([])
    await supervised.release()
  })
})
