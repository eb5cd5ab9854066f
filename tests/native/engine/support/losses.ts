import type { Graph } from '../../../../src/engine/graph'
import { float32, int64, scalar } from '../../../../src/engine/graph'
import type { Model, Trainable } from '../../../../src/engine/models/model'
import { neededTokens } from '../../../../src/engine/models/token-rows'
import { referenceInputs } from '../../../../src/engine/models/weights'
import type { Loss } from '../../../../src/engine/rl/loss'
import { offlineLoss, type Surrogate } from '../../../../src/engine/rl/offline-loss'
import type { PassOptions } from '../../../../src/engine/rl/policy-pass'
import { responseRows } from '../../../../src/engine/rl/predicting'
import { ppoLoss } from '../../../../src/engine/rl/ppo-loss'
import { createScorer } from '../../../../src/engine/rl/scorer'
import { answerShares, tokenShares } from '../../../../src/engine/rl/shares'
import { supervisedLoss } from '../../../../src/engine/rl/supervised-loss'
import { openRuntime } from '../../../../src/engine/runtime/session'
import type { Tensors } from '../../../../src/engine/session'
import { Random } from './random'
import { toyConfig, toyLora, toyModel, toyParameters } from './toy'

export type LossName = 'ppo' | Surrogate | 'supervised'

/** One loss on one toy model with one batch: everything that a check of its gradients needs. */
export interface LossCase {
  readonly model: Model
  readonly trainable: Trainable
  readonly build: (graph: Graph) => Loss
  readonly inputs: Tensors
  /**
   * The value loss must not move the trunk, so the trunk's gradient is that of the loss without it.
   * Central differences know nothing of stopped gradients; they are given these inputs instead.
   */
  readonly insteadFor: (name: string) => Tensors
}

export interface LossChoice {
  readonly loss: LossName
  readonly kind: 'full' | 'lora'
  readonly tied: boolean
  /** Rewards that hold over spans of several tokens, not token by token. */
  readonly spans?: boolean
  readonly firstPosition?: number
  /** Only positions that the mask keeps are computed of the vocabulary, with room for this many. */
  readonly responseTokens?: number
}

const batch = 3
const length = 9
const temperature = 0.8
const settings = {
  clip: 0.2,
  valueClip: 0.2,
  policyCoefficient: 0.9,
  valueCoefficient: 0.4,
  klCoefficient: 0.3
}
/** How far a clipped quantity stays from its kink; central differences move it a thousand times less. */
const clearance = 0.02

export async function lossCase({
  loss,
  kind,
  tied,
  spans = false,
  firstPosition = 0,
  responseTokens
}: LossChoice): Promise<LossCase> {
  const random = new Random(17)
  const model = toyModel(toyConfig(tied), random)
  const trainable: Trainable = kind === 'full' ? { kind } : { kind, lora: toyLora }
  const value = loss === 'ppo'
  const parameters = toyParameters(model, trainable, value, random)
  const count = batch * length
  const ids = BigInt64Array.from({ length: count }, () => BigInt(random.below(model.config.vocabularySize)))
  const options: PassOptions = { model, trainable, batch, length, value, reference: true, firstPosition }
  const stepOptions: PassOptions = { ...options, responseTokens }

  const runtime = openRuntime({ device: 'cpu', threads: 1 })
  const scorer = await createScorer({ ...options, runtime })
  const now = await scorer.score({ ids, temperature, parameters })
  await scorer.release()

  const perToken = (draw: (index: number) => number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => draw(i))
  const spanLength = spans ? 3 : 1
  const spanRewards = random.floats(count)
  const rewardAt = (index: number): number => spanRewards[index - (index % spanLength)]
  const mask = perToken((index) =>
    index % length >= 2 && index % length < length - 1 - Math.floor(index / length) ? 1 : 0
  )
  const away = (from: readonly number[], draw: () => number): number => {
    for (;;) {
      const drawn = draw()
      if (from.every((kink) => Math.abs(drawn - kink) > clearance)) return drawn
    }
  }

  const tensors = (arrays: Readonly<Record<string, Float32Array>>): Tensors =>
    Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, float32([batch, length], data)]))
  const scalars = (...names: (keyof typeof settings)[]): Tensors =>
    Object.fromEntries(names.map((name) => [name, scalar(settings[name])]))
  const shares = (
    loss === 'ppo' || loss === 'supervised' ? tokenShares([mask]) : answerShares([mask], batch)
  )[0]
  const common: Tensors = {
    ...Object.fromEntries(parameters),
    ids: int64([batch, length], ids),
    inverseTemperature: scalar(1 / temperature),
    ...tensors({ shares }),
    ...neededTokens(batch, length, mask),
    ...(responseTokens === undefined ? {} : responseRows(ids, mask, length, responseTokens)),
    ...(loss === 'supervised' ? {} : referenceInputs(model, trainable))
  }

  if (loss === 'supervised')
    return {
      model,
      trainable,
      inputs: common,
      insteadFor: () => ({}),
      build: (graph) => supervisedLoss(graph, stepOptions)
    }
  if (loss !== 'ppo') {
    const weights = perToken((index) => rewardAt(index))
    const clip = loss === 'clipped' ? scalars('clip') : {}
    return {
      model,
      trainable,
      inputs: { ...common, ...tensors({ weights }), ...scalars('klCoefficient'), ...clip },
      insteadFor: () => ({}),
      build: (graph) => offlineLoss(graph, { ...stepOptions, surrogate: loss })
    }
  }
  const kinks = [Math.log(1 - settings.clip), Math.log(1 + settings.clip)]
  const oldLogProbs = perToken((index) => now.logProbs[index] - away(kinks, () => random.between(-0.5, 0.5)))
  const advantages = perToken((index) => rewardAt(index) + (rewardAt(index) > 0 ? 0.1 : -0.1))
  const oldValues = perToken(
    (index) =>
      now.values[index] - away([-settings.valueClip, settings.valueClip], () => random.between(-0.5, 0.5))
  )
  const returns = perToken((index) => now.values[index] + away([0], () => random.between(-1, 1)))
  return {
    model,
    trainable,
    inputs: {
      ...common,
      ...tensors({ oldLogProbs, advantages, oldValues, returns }),
      ...scalars('clip', 'valueClip', 'policyCoefficient', 'valueCoefficient', 'klCoefficient')
    },
    insteadFor: (name): Tensors => (name.startsWith('value_head.') ? {} : { valueCoefficient: scalar(0) }),
    build: (graph) => ppoLoss(graph, stepOptions)
  }
}
