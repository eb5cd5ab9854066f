import { Graph } from '../graph'
import { referenceInputs } from '../models/weights'
import type { OptimizerSettings } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime } from '../session'
import { dropoutInputs, type DropoutChance } from './dropout'
import { batchInputs, settingInputs } from './inputs'
import { shapeOf, shapesOf } from './lengths'
import { offlineLoss, type OfflineOptions } from './offline-loss'
import { answerShares, listOf, type MicroBatches } from './shares'
import { openTrainingStep, type StepOptions } from './training-step'

export type OfflineStepOptions = Omit<OfflineOptions, 'value' | 'reference'> &
  StepOptions & { readonly runtime: Runtime }

/** Arrays are [B·T], row-major; entry t belongs to the prediction of token t + 1. */
export interface OfflineBatch {
  readonly ids: BigInt64Array
  /** 1 where token t + 1 is a response token of an answer that is trained on, else 0. */
  readonly mask: Float32Array
  /** Of token t + 1: above 0 makes it likelier, below 0 less likely. */
  readonly weights: Float32Array
  /** Divides the logits. Default 1. */
  readonly temperature?: number
  /** With an adapter that has dropout. */
  readonly dropout?: DropoutChance
}

export interface OfflineSettings extends OptimizerSettings {
  readonly klCoefficient: number
  /** Of the `clipped` surrogate. Default 0.2. */
  readonly clip?: number
}

export interface OfflineStats {
  readonly loss: number
  readonly preferenceLoss: number
  /** Full-vocabulary KL to the reference, nats a token. */
  readonly kl: number
  readonly gradientNorm: number
}

export interface OfflineStep {
  /** One step on one batch or, if it was made to `accumulate`, on any number of them. */
  step(
    batches: MicroBatches<OfflineBatch>,
    settings: OfflineSettings,
    state: TrainingState
  ): Promise<OfflineStats>
  release(): Promise<void>
}

/** A span-offline update as one graph; see `offlineLoss` for the loss and `TrainingStep.run` for what it promises. */
export async function createOfflineStep(options: OfflineStepOptions): Promise<OfflineStep> {
  const { runtime, model, trainable, surrogate } = options
  const shapes = shapesOf(options)
  const losses = shapes.map((shape) => offlineLoss(new Graph(), shape))
  const training = await openTrainingStep(losses, runtime, referenceInputs(model, trainable), options)
  return {
    release: () => training.release(),
    step: async (batches, settings, state) => {
      const { klCoefficient, clip = 0.2 } = settings
      const given = {
        ...settingInputs({ klCoefficient }),
        ...(surrogate === 'clipped' ? settingInputs({ clip }) : {})
      }
      const list = listOf(batches)
      const shares = answerShares(
        list.map(({ mask }) => mask),
        options.batch
      )
      const inputs = list.map(({ ids, mask, weights, temperature = 1, dropout }, index) => {
        const shape = shapeOf(shapes, ids)
        const arrays = { shares: shares[index], weights }
        const fed = batchInputs(shapes[shape], { ids, mask, temperature }, arrays)
        const left = dropoutInputs(losses[shape], trainable, dropout, index * options.batch, fed)
        return { ...given, ...fed, ...left }
      })
      return (await training.run(inputs, settings, state)) as unknown as OfflineStats
    }
  }
}
