import { Graph } from '../graph'
import type { OptimizerSettings } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime } from '../session'
import { batchInputs } from './inputs'
import type { PassOptions } from './policy-pass'
import { supervisedLoss } from './supervised-loss'
import { listOf, weightShares, type MicroBatches } from './shares'
import { openTrainingStep, type StepOptions } from './training-step'

export type SupervisedStepOptions = Omit<PassOptions, 'value' | 'reference'> &
  StepOptions & { readonly runtime: Runtime }

/** Arrays are [B·T], row-major; entry t belongs to the prediction of token t + 1. */
export interface SupervisedBatch {
  readonly ids: BigInt64Array
  /** What token t + 1 counts for: 0 where it is not trained on, 1 where all are alike. */
  readonly mask: Float32Array
}

export interface SupervisedStats {
  /** Nats a token. */
  readonly loss: number
  readonly gradientNorm: number
}

export interface SupervisedStep {
  /** One step on one batch or, if it was made to `accumulate`, on any number of them. */
  step(
    batches: MicroBatches<SupervisedBatch>,
    settings: OptimizerSettings,
    state: TrainingState
  ): Promise<SupervisedStats>
  release(): Promise<void>
}

/** A cross-entropy update as one graph; see `TrainingStep.run` for what it promises. */
export async function createSupervisedStep(options: SupervisedStepOptions): Promise<SupervisedStep> {
  const { runtime } = options
  const training = await openTrainingStep(supervisedLoss(new Graph(), options), runtime, {}, options)
  return {
    release: () => training.release(),
    step: async (batches, settings, state) => {
      const list = listOf(batches)
      const shares = weightShares(list.map(({ mask }) => mask))
      const inputs = list.map(({ ids, mask }, index) =>
        batchInputs(options, { ids, mask, temperature: 1 }, { shares: shares[index] })
      )
      return (await training.run(inputs, settings, state)) as unknown as SupervisedStats
    }
  }
}
