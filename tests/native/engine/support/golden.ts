import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  float32,
  floats,
  int64,
  scalar,
  type Graph,
  type HostTensor,
  type ParameterSet
} from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { loraModules } from '../../../../src/engine/models/names'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import { referenceInputs } from '../../../../src/engine/models/weights'
import type { OptimizerSettings } from '../../../../src/engine/optim/adamw'
import type { Loss } from '../../../../src/engine/rl/loss'
import { offlineLoss } from '../../../../src/engine/rl/offline-loss'
import type { PassOptions } from '../../../../src/engine/rl/policy-pass'
import { ppoLoss } from '../../../../src/engine/rl/ppo-loss'
import { answerShares, tokenShares } from '../../../../src/engine/rl/shares'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import type { Tensors } from '../../../../src/engine/session'
import type { LossName } from './losses'

interface Encoded {
  readonly shape: readonly number[]
  readonly base64: string
}
type EncodedGroup = Readonly<Record<string, Encoded>>

interface GoldenFile {
  readonly config: object
  readonly batch: number
  readonly length: number
  readonly lora: { readonly rank: number; readonly alpha: number }
  readonly temperature: number
  readonly settings: Readonly<Record<string, number>>
  readonly optimizer: OptimizerSettings
  readonly cases: readonly {
    readonly loss: LossName
    readonly kind: 'full' | 'lora'
    readonly tied: boolean
    readonly model: EncodedGroup
    readonly parameters: EncodedGroup
    readonly ids: readonly (readonly number[])[]
    readonly batch: EncodedGroup
    readonly expected: {
      /** log-softmax of the logits at every position. */
      readonly logProbs: Encoded
      readonly loss: number
      readonly gradients: EncodedGroup
      /** Of each optimiser step, before it. */
      readonly losses: readonly number[]
      readonly after: EncodedGroup
    }
  }[]
}

export interface GoldenCase {
  readonly name: string
  readonly options: PassOptions
  readonly parameters: ParameterSet
  readonly build: (graph: Graph) => Loss
  /** All inputs but the parameters and the optimiser's. */
  readonly inputs: Tensors
  readonly optimizer: OptimizerSettings
  readonly expected: {
    readonly logProbs: Float64Array
    readonly loss: number
    readonly gradients: ReadonlyMap<string, Float64Array>
    readonly losses: readonly number[]
    readonly after: ReadonlyMap<string, Float64Array>
  }
}

const bytesOf = ({ base64 }: Encoded): ArrayBuffer => new Uint8Array(Buffer.from(base64, 'base64')).buffer
const singles = (group: EncodedGroup): Map<string, HostTensor> =>
  new Map(
    Object.entries(group).map(([name, one]) => [name, float32(one.shape, new Float32Array(bytesOf(one)))])
  )
const doubles = (group: EncodedGroup): Map<string, Float64Array> =>
  new Map(Object.entries(group).map(([name, one]) => [name, new Float64Array(bytesOf(one))]))

/** Inputs of each loss: arrays of one number a token, and settings. */
const inputsOf: Readonly<Record<LossName, { arrays: readonly string[]; settings: readonly string[] }>> = {
  ppo: {
    arrays: ['oldLogProbs', 'advantages', 'returns', 'oldValues'],
    settings: ['clip', 'valueClip', 'policyCoefficient', 'valueCoefficient', 'klCoefficient']
  },
  unlikelihood: { arrays: ['weights'], settings: ['klCoefficient'] },
  clipped: { arrays: ['weights'], settings: ['klCoefficient', 'clip'] },
  supervised: { arrays: [], settings: [] }
}

/** The cases of tests/golden/engine.json, which scripts/golden/engine.py makes with PyTorch. */
export function goldenCases(): GoldenCase[] {
  const path = resolve(import.meta.dirname, '../../../golden/engine.json')
  const file = JSON.parse(readFileSync(path, 'utf8')) as GoldenFile
  return file.cases.map(({ loss, kind, tied, model: weights, parameters, ids, batch: arrays, expected }) => {
    const model: Model = {
      config: parseConfig({ ...file.config, tie_word_embeddings: tied }),
      tensors: singles(weights)
    }
    const trainable: Trainable =
      kind === 'full' ? { kind } : { kind, lora: { ...file.lora, modules: loraModules(model.config) } }
    const { batch, length } = file
    const hasReference = loss !== 'supervised'
    const options: PassOptions = {
      model,
      trainable,
      batch,
      length,
      value: loss === 'ppo',
      reference: hasReference
    }
    const wanted = inputsOf[loss]
    const masks = [floats(singles(arrays).get('mask') as HostTensor)]
    const isToken = loss === 'ppo' || loss === 'supervised'
    const [shares] = isToken ? tokenShares(masks) : answerShares(masks, batch)
    const perToken = [...singles(arrays)].filter(([name]) => wanted.arrays.includes(name))
    return {
      name: `${loss} ${kind} ${tied ? 'tied' : 'untied'}`,
      options,
      parameters: singles(parameters),
      optimizer: file.optimizer,
      inputs: {
        ids: int64([batch, length], BigInt64Array.from(ids.flat(), BigInt)),
        inverseTemperature: scalar(1 / file.temperature),
        shares: float32([batch, length], shares),
        ...neededTokens(batch, length, masks[0]),
        ...Object.fromEntries(perToken),
        ...Object.fromEntries(wanted.settings.map((name) => [name, scalar(file.settings[name])])),
        ...(hasReference ? referenceInputs(model, trainable) : {})
      },
      build: (graph) =>
        loss === 'ppo'
          ? ppoLoss(graph, options)
          : loss === 'supervised'
            ? supervisedLoss(graph, options)
            : offlineLoss(graph, { ...options, surrogate: loss }),
      expected: {
        logProbs: new Float64Array(bytesOf(expected.logProbs)),
        loss: expected.loss,
        gradients: doubles(expected.gradients),
        losses: expected.losses,
        after: doubles(expected.after)
      }
    }
  })
}

/** The largest difference, relative to the largest expected number. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expectSameLength(actual, expected)
  let difference = 0
  let largest = 0
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index] - expected[index]))
    largest = Math.max(largest, Math.abs(expected[index]))
  }
  return difference / Math.max(largest, 1e-12)
}

function expectSameLength(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} numbers stand against ${expected.length} expected ones.`)
}
