import type { Counters } from '../../engine/checkpoint/training-checkpoint'
import { Failure } from '../../pipeline/failure'
import type { FailureWindow } from '../../pipeline/optimise/failing'
import type { FloorState } from '../../pipeline/reward/advantages'

/** What a step of a run on rollouts leaves for the next one, besides the training state. */
export interface RolloutsMemory {
  /** Of the advantages' scale. */
  readonly floor: FloorState
  /** Of the KL controller. */
  readonly klCoefficient: number
  /** Answers that could not be judged, by step. */
  readonly failures: FailureWindow
}

/** @throws Failure run-not-resumable for counters without one of them */
export function readMemory(counters: Counters): RolloutsMemory {
  const missing = (['floor', 'klCoefficient', 'failures'] as const).find((key) => !(key in counters))
  if (missing === undefined) return counters as unknown as RolloutsMemory
  throw new Failure(
    'run-not-resumable',
    `The checkpoint lacks ${missing}: another version of the program wrote it; start a new run.`
  )
}
