import type { RunConfig } from '../../contract/run-config'
import { createOfflineStep } from '../../engine/rl/offline-step'
import { createScorer } from '../../engine/rl/scorer'
import { bucketLengths } from './length-buckets'
import { piecesOf, scorerInPieces, stepInPieces } from './micro-batches'
import type { RunBase } from './rollouts'

/** Lengths that answers are sorted into; every one costs sessions of its own, so large models have a single one. */
const BUCKETS = 4
const BUCKETS_BELOW = 20e6

/**
 * Every session of a run on stored answers, by length, rising; for `rows` answers at a time. `lengths` are those of
 * prompt and answer together, in tokens; `parameters` is how many weights the model has.
 */
export async function openAnnotatedSessions(
  run: Pick<RunConfig, 'algorithm' | 'microBatch' | 'memory'>,
  { model, trainable, runtimeFor }: RunBase,
  { rows, lengths, parameters }: { rows: number; lengths: readonly number[]; parameters: number }
) {
  const pieces = piecesOf(run, rows)
  const buckets = []
  for (const length of bucketLengths(lengths, parameters < BUCKETS_BELOW ? BUCKETS : 1)) {
    const shape = { model, trainable, batch: pieces.micro, length }
    buckets.push({
      length,
      scorer: scorerInPieces(await createScorer({ ...shape, runtime: runtimeFor('scorer') }), pieces),
      /** With the reference, for the KL. */
      evaluator: scorerInPieces(
        await createScorer({ ...shape, runtime: runtimeFor('evaluator'), reference: true }),
        pieces
      ),
      offline: stepInPieces(
        await createOfflineStep({
          ...shape,
          runtime: runtimeFor('step'),
          surrogate: run.algorithm.surrogate,
          accumulate: pieces.micro < rows,
          recomputedLayers: run.memory === 'frugal' ? model.config.layers : 0
        }),
        pieces
      )
    })
  }
  return buckets
}
