import type { RunConfig } from '../../contract/run-config'
import { createOfflineStep } from '../../engine/rl/offline-step'
import { createScorer } from '../../engine/rl/scorer'
import { bucketLengths } from './length-buckets'
import type { RunBase } from './rollouts'

/** Lengths that answers are sorted into; every one costs sessions of its own, so large models have a single one. */
const BUCKETS = 4
const BUCKETS_BELOW = 20e6

/**
 * Every session of a run on stored answers, by length, rising; for `rows` answers at a time. `lengths` are those of
 * prompt and answer together, in tokens; `parameters` is how many weights the model has.
 */
export async function openAnnotatedSessions(
  { algorithm }: Pick<RunConfig, 'algorithm'>,
  { model, trainable, runtimeFor }: RunBase,
  { rows, lengths, parameters }: { rows: number; lengths: readonly number[]; parameters: number }
) {
  const buckets = []
  for (const length of bucketLengths(lengths, parameters < BUCKETS_BELOW ? BUCKETS : 1)) {
    const shape = { model, trainable, batch: rows, length }
    buckets.push({
      length,
      scorer: await createScorer({ ...shape, runtime: runtimeFor('scorer') }),
      /** With the reference, for the KL. */
      evaluator: await createScorer({ ...shape, runtime: runtimeFor('evaluator'), reference: true }),
      offline: await createOfflineStep({
        ...shape,
        runtime: runtimeFor('step'),
        surrogate: algorithm.surrogate
      })
    })
  }
  return buckets
}
