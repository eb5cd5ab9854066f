import type { RunConfig } from '../../contract/run-config'
import { createOfflineStep } from '../../engine/rl/offline-step'
import { createScorer } from '../../engine/rl/scorer'
import { bucketLengths } from './length-buckets'
import { inParts, piecesOf, scorerInPieces, stepInPieces } from './micro-batches'
import type { RunBase } from './rollouts'
import { paddingShare } from './sorted-pieces'

/**
 * Lengths that answers are sorted into where the run does not say; every one costs sessions of its own, so large models
 * have a single one.
 */
const BUCKETS = 4
const BUCKETS_BELOW = 20e6

/**
 * Every session of a run on stored answers, by length, rising; for `rows` answers at a time. `lengths` are those of
 * prompt and answer together, in tokens; `parameters` is how many weights the model has. A step takes answers of one
 * of these lengths; where run.json has `buckets` there is one for all, and the answers of a step are sorted instead.
 */
export async function openAnnotatedSessions(
  run: Pick<RunConfig, 'algorithm' | 'microBatch' | 'buckets' | 'memory'>,
  { model, trainable, runtimeFor }: RunBase,
  { rows, lengths, parameters }: { rows: number; lengths: readonly number[]; parameters: number }
) {
  const own = parameters < BUCKETS_BELOW ? BUCKETS : 1
  /** Each with the lengths that pieces of a step are padded to; the last is its own. */
  const padded =
    run.buckets === null
      ? bucketLengths(lengths, own).map((length) => [length])
      : [bucketLengths(lengths, run.buckets)]
  const buckets = []
  for (const within of padded) {
    const length = within[within.length - 1]
    const pieces = piecesOf(run, rows, within)
    const shape = { model, trainable, batch: pieces.micro, length }
    const openScorer = async (name: 'scorer' | 'evaluator') => {
      const options = { ...shape, reference: name === 'evaluator', runtime: runtimeFor(name) }
      const scorers = []
      for (const one of within) scorers.push(await createScorer({ ...options, length: one }))
      return scorerInPieces(scorers, pieces)
    }
    buckets.push({
      length,
      /** Share of padding in an update on answers that are so long. */
      padding: (answers: readonly number[]): number => paddingShare(answers, pieces, length),
      scorer: await openScorer('scorer'),
      /** With the reference, for the KL. */
      evaluator: await openScorer('evaluator'),
      offline: stepInPieces(
        await createOfflineStep({
          ...shape,
          runtime: runtimeFor('step'),
          surrogate: run.algorithm.surrogate,
          accumulate: inParts(pieces),
          shorter: within.slice(0, -1),
          recomputedLayers: run.memory === 'frugal' ? model.config.layers : 0
        }),
        pieces
      )
    })
  }
  return buckets
}
