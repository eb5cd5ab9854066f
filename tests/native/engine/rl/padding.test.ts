import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementCount, float32, floats, int64, scalar, type Graph } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { loraModules } from '../../../../src/engine/models/names'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { createOfflineStep, type OfflineStepOptions } from '../../../../src/engine/rl/offline-step'
import { createPpoStep, type PpoStepOptions } from '../../../../src/engine/rl/ppo-step'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { tokenShares } from '../../../../src/engine/rl/shares'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import { openRuntime } from '../../../../src/engine/runtime/session'
import { analyticGradients } from '../support/differences'
import { familyConfigs } from '../support/family-configs'
import { relativeError } from '../support/golden'
import { Random } from '../support/random'
import { toyConfig, toyLora, toyModel, toyParameters, toySettings } from '../support/toy'

const runtime = openRuntime({ device: 'cpu', threads: 1 })
const [batch, length] = [4, 9]
/** Rows of several lengths: one that is full, one whose last token alone is trained on, one without any. */
const kept = [
  [2, 8],
  [1, 4],
  [5, 6],
  [0, 0]
]
const mask = Float32Array.from({ length: batch * length }, (_, index) => {
  const [from, to] = kept[Math.floor(index / length)]
  return index % length >= from && index % length < to ? 1 : 0
})

const randomIds = (model: Model, random: Random): BigInt64Array =>
  BigInt64Array.from({ length: batch * length }, () => BigInt(random.below(model.config.vocabularySize)))

describe.each(Object.entries(familyConfigs))(
  'gradients without padding are those with it: %s',
  (_, configs) => {
    it.each(['lora', 'full'] as const)('%s', async (kind) => {
      const property = fc.asyncProperty(configs, fc.nat(), async (json, seed) => {
        const random = new Random(seed)
        const model = toyModel(parseConfig({ ...json, bos_token_id: 1 }), random)
        const modules = loraModules(model.config)
        const trainable: Trainable =
          kind === 'full' ? { kind } : { kind, lora: { rank: 2, alpha: 3, modules } }
        const withPadding = {
          ...Object.fromEntries(toyParameters(model, trainable, false, random)),
          ids: int64([batch, length], randomIds(model, random)),
          inverseTemperature: scalar(1),
          shares: float32([batch, length], tokenShares([mask])[0])
        }
        const inputs = { ...withPadding, ...neededTokens(batch, length, mask) }
        const build = (packed: boolean) => (graph: Graph) =>
          supervisedLoss(graph, { model, trainable, batch, length, packed })
        const gradients = (packed: boolean, precision: 'float64' | 'fused float32') =>
          analyticGradients(build(packed), packed ? inputs : withPadding, precision)
        const exact = await gradients(false, 'float64')
        const [packed, roundedPadded, roundedPacked] = [
          await gradients(true, 'float64'),
          await gradients(false, 'fused float32'),
          await gradients(true, 'fused float32')
        ]
        for (const [name, values] of exact) {
          const errorOf = (found: typeof exact): number => relativeError(found.get(name) ?? [], values)
          expect(errorOf(packed), `${name} in float64`).toBeLessThanOrEqual(1e-12)
          // In single precision both round, each in its own order: as far from the truth as one another, or 1e-6.
          const allowed = Math.max(1e-6, 4 * errorOf(roundedPadded))
          expect(errorOf(roundedPacked), `${name} in float32`).toBeLessThanOrEqual(allowed)
        }
      })
      await fc.assert(property, { numRuns: 3, endOnFailure: true })
    })
  }
)

describe('a step without padding is the one with it', () => {
  const random = new Random(4)
  const model = toyModel(toyConfig(true), random)
  const ids = randomIds(model, random)
  const count = batch * length
  const base = { runtime, model, batch, length }

  /** The gradients, as the first moment has them after one step. */
  async function moments(
    trainable: Trainable,
    options: object,
    ppo: boolean
  ): Promise<Map<string, Float32Array>> {
    const own = new Random(5)
    const state = newTrainingState(toyParameters(model, trainable, ppo, own))
    const given = { ids, mask, temperature: 0.9 }
    if (ppo) {
      const step = await createPpoStep({
        ...base,
        trainable,
        value: true,
        reference: true,
        ...options
      } as PpoStepOptions)
      const oldLogProbs = own.floats(count, () => -2.4 + 0.3 * own.normal())
      const arrays = { oldLogProbs, advantages: own.floats(count), returns: own.floats(count) }
      await step.step({ ...given, ...arrays, oldValues: own.floats(count) }, toySettings, state)
      await step.release()
    } else {
      const step = await createOfflineStep({ ...base, trainable, ...options } as OfflineStepOptions)
      const dropout = (matrix: number, inputs: number): Float32Array => {
        const draws = new Random(60 + matrix)
        return Float32Array.from({ length: count * inputs }, () => draws.between(0, 1))
      }
      await step.step({ ...given, weights: own.floats(count), dropout }, toySettings, state)
      await step.release()
    }
    return new Map([...state.first].map(([name, tensor]) => [name, floats(tensor)]))
  }

  it.each([
    ['PPO, every weight', { kind: 'full' }, {}, true],
    ['PPO, responses alone', { kind: 'full' }, { responseTokens: 20 }, true],
    [
      'PPO, adapter, layers computed once more',
      { kind: 'lora', lora: toyLora },
      { recomputedLayers: 2 },
      true
    ],
    ['stored answers', { kind: 'lora', lora: toyLora }, { surrogate: 'clipped' }, false],
    ['dropout', { kind: 'lora', lora: { ...toyLora, dropout: 0.3 } }, {}, false]
  ] as const)('%s', async (_, trainable, options, ppo) => {
    const padded = await moments(trainable, { ...options, packed: false }, ppo)
    const packed = await moments(trainable, options, ppo)
    for (const [name, values] of padded) {
      expect(values.some((value) => value !== 0)).toBe(true)
      expect(relativeError(packed.get(name) ?? [], values), name).toBeLessThanOrEqual(1e-6)
    }
  })

  it('is scored alike where its mask says', async () => {
    const trainable: Trainable = { kind: 'full' }
    const parameters = toyParameters(model, trainable, true, new Random(5))
    const scored = async (packed: boolean) => {
      const scorer = await createScorer({ ...base, trainable, value: true, reference: true, packed })
      const scores = await scorer.score({ ids, mask, temperature: 0.9, parameters })
      await scorer.release()
      return Object.values(scores) as Float32Array[]
    }
    const [padded, packed] = [await scored(false), await scored(true)]
    padded.forEach((values, which) => expect(relativeError(packed[which], values)).toBeLessThanOrEqual(1e-6))
  })
})

it('names the tokens that somebody needs, and one of the others in place of all of them', () => {
  const { rowPlaces, placeRows } = neededTokens(2, 4, Float32Array.of(0, 1, 0, 0, 1, 1, 1, 0))
  expect([...rowPlaces.data].map(Number)).toEqual([0, 1, 4, 5, 6, 2])
  expect([...placeRows.data].map(Number)).toEqual([0, 1, 5, 5, 2, 3, 4, 5])
  expect(
    [...neededTokens(2, 4, Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0), 1).rowPlaces.data].map(Number)
  ).toEqual([0, 1, 2, 3])
  expect(elementCount(neededTokens(2, 4).rowPlaces.shape)).toBe(8)
})
