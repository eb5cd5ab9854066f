import type { CriticExample, CriticRecord, CriticTraining } from '../../contract/critic-record'
import type { TrainingCheckpoint } from '../../engine/checkpoint/training-checkpoint'
import type { Trainable } from '../../engine/models/model'
import type { OptimizerSettings } from '../../engine/optim/adamw'
import type { TrainingState } from '../../engine/optim/state'
import type { Policy } from '../model/policy'

/** An example that has been put into tokens. */
export interface LearnerExample {
  readonly example: CriticExample
  /** Tokens that it takes in all. */
  readonly length: number
  /** Those of the reply, or of the response, that are trained on. */
  readonly ids: readonly number[]
}

/** Which files hold what was trained, and how its numbers are to be read: fields of `critic.json`. */
export type SavedParts = Pick<CriticRecord, 'labels'> &
  Partial<Pick<CriticRecord, 'adapter' | 'model' | 'head' | 'thresholds' | 'calibration' | 'poorTokens'>>

/**
 * What a kind of critic adds to the training loop: how it learns from a batch, how it is measured, how it is kept.
 * Everything else (order, buckets, checkpoints, early stopping, the record) is the trainer's, the same for all kinds.
 */
export interface CriticLearner<Example extends LearnerExample = LearnerExample> {
  /** One optimiser step on examples of one bucket. Resolves to metrics: `loss` in nats, `gradient_norm`. */
  step(
    batch: readonly Example[],
    at: { readonly step: number; readonly settings: OptimizerSettings }
  ): Promise<Readonly<Record<string, number>>>
  /** Metrics of the dev examples, named `dev/…`: `dev/loss` always, `dev/poor_f1` if the configuration asks for it. */
  evaluate(dev: readonly Example[]): Promise<Readonly<Record<string, number>>>
  /** Everything that the next step depends on. */
  snapshot(): TrainingCheckpoint
  restore(checkpoint: TrainingCheckpoint): void
  /** Writes the weights as they are now into the critic's folder; the same weights are the same bytes. */
  save(dir: string, dev: readonly Example[]): Promise<SavedParts>
  release(): Promise<void>
}

/** A learner's checkpoint where everything the next step depends on is the optimiser's state. */
export const checkpointOf = (state: TrainingState, trainable: Trainable): TrainingCheckpoint => ({
  state,
  lora: trainable.kind === 'lora' ? trainable.lora : null,
  counters: {}
})

/** What a learner is opened with: the configuration, and the base with its tokenizer and device. */
export interface LearnerSetting {
  readonly config: CriticTraining
  readonly policy: Policy
}

/** A kind of critic, before its sessions are opened. */
export interface LearnerKind<Example extends LearnerExample = LearnerExample> {
  /** Puts an example into tokens, whole; a sentence says why it cannot be. Nothing is cut. */
  prepare(example: CriticExample): Example | string
  /** Opens the sessions: for `rows` examples at a time, padded to the shortest of `lengths` (rising) that holds them. */
  open(shape: {
    readonly rows: number
    readonly lengths: readonly number[]
    /** Tokens that are trained on in one example, at most. */
    readonly longestReply: number
  }): Promise<CriticLearner<Example>>
}
