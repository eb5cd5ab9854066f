import { Graph } from '../graph'
import { referenceInputs } from '../models/weights'
import type { OptimizerSettings } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime } from '../session'
import { batchInputs, settingInputs } from './inputs'
import { shapeOf, shapesOf } from './lengths'
import type { PassOptions } from './policy-pass'
import { ppoLoss } from './ppo-loss'
import { listOf, tokenShares, type MicroBatches } from './shares'
import { openTrainingStep, type StepOptions } from './training-step'

export interface PpoStepOptions extends PassOptions, StepOptions {
  readonly runtime: Runtime
  readonly value: boolean
}

/** Arrays are [B·T], row-major; entry t belongs to the prediction of token t + 1. */
export interface PpoBatch {
  readonly ids: BigInt64Array
  /** 1 where token t + 1 is a response token that is trained on, else 0. */
  readonly mask: Float32Array
  readonly oldLogProbs: Float32Array
  readonly advantages: Float32Array
  /** With a value head. */
  readonly returns?: Float32Array
  readonly oldValues?: Float32Array
  /** Divides the logits, as it did when sampling. */
  readonly temperature: number
}

export interface PpoSettings extends OptimizerSettings {
  readonly clip: number
  readonly valueClip: number
  readonly valueCoefficient: number
  /** Of the full-vocabulary KL in the loss; other than 0 only if the step was made with `reference`. */
  readonly klCoefficient: number
  /** 0 for steps that train the value head alone. */
  readonly policyCoefficient: number
}

export interface PpoStats {
  readonly loss: number
  readonly policyLoss: number
  readonly valueLoss: number
  /** Full-vocabulary KL to the reference, nats a token; 0 without a reference. */
  readonly kl: number
  /** Schulman's estimate of KL(old ‖ new): mean of ratio - 1 - log ratio. */
  readonly approxKl: number
  readonly clipFraction: number
  readonly ratio: number
  readonly gradientNorm: number
  readonly valueGradientNorm: number
}

export interface PpoStep {
  /** One step on one batch or, if it was made to `accumulate`, on any number of them. */
  step(batches: MicroBatches<PpoBatch>, settings: PpoSettings, state: TrainingState): Promise<PpoStats>
  release(): Promise<void>
}

/** A span-PPO update as one graph; see `ppoLoss` for the loss and `TrainingStep.run` for what it promises. */
export async function createPpoStep(options: PpoStepOptions): Promise<PpoStep> {
  const { runtime, model, trainable, value, reference = false } = options
  const constants = reference ? referenceInputs(model, trainable) : {}
  const shapes = shapesOf(options)
  const losses = shapes.map((shape) => ppoLoss(new Graph(), shape))
  const training = await openTrainingStep(losses, runtime, constants, options)
  return {
    release: () => training.release(),
    step: async (batches, settings, state) => {
      if (settings.klCoefficient !== 0 && !reference)
        throw new Error('A step with a KL in its loss must be created with reference: true.')
      const { clip, policyCoefficient, valueClip, valueCoefficient, klCoefficient } = settings
      const given = {
        ...settingInputs({ clip, policyCoefficient }),
        ...(value ? settingInputs({ valueClip, valueCoefficient }) : {}),
        ...(reference ? settingInputs({ klCoefficient }) : {})
      }
      const list = listOf(batches)
      const shares = tokenShares(list.map(({ mask }) => mask))
      const inputs = list.map((batch, index) => {
        const { oldLogProbs, advantages, returns, oldValues } = batch
        const arrays = { shares: shares[index], oldLogProbs, advantages }
        return {
          ...given,
          ...batchInputs(
            shapes[shapeOf(shapes, batch.ids)],
            batch,
            value ? { ...arrays, returns, oldValues } : arrays
          )
        }
      })
      const stats = await training.run(inputs, settings, state)
      return { valueLoss: 0, kl: 0, valueGradientNorm: 0, ...stats } as PpoStats
    }
  }
}
