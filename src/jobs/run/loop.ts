import type { SampleRow } from '../../contract/job'
import type { TrainingCheckpoint } from '../../engine/checkpoint/training-checkpoint'
import type { Failure } from '../../pipeline/failure'

/** One step after another; everything between two steps can be written down and taken up again. */
export interface TrainingLoop {
  /**
   * The step with this number, counted from 1. `between` is called and waited for now and then before anything of the
   * step counts; what it throws ends the step as if it had never begun.
   */
  step(step: number, between?: () => Promise<void>): Promise<StepResult>
  /** What that step takes: a pure function of its number. */
  plan(step: number): StepPlan
  /** Everything that the next step depends on. */
  snapshot(): TrainingCheckpoint
  restore(checkpoint: TrainingCheckpoint): void
}

export interface StepPlan {
  readonly learningRate: number
  /** Ids of its prompts or answers, in order. */
  readonly data: readonly string[]
}

export interface StepResult {
  /** Without `step`, which stands first in every line. */
  readonly metrics: Readonly<Record<string, number>>
  readonly samples: readonly SampleRow[]
  /** Set when the run must not go on. The step itself is sound and is kept. */
  readonly alarm?: Failure
}
