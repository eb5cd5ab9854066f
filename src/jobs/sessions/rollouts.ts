import type { RunConfig } from '../../contract/run-config'
import { createGenerator } from '../../engine/generate/generator'
import type { Model, Trainable } from '../../engine/models/model'
import type { PassOptions } from '../../engine/rl/policy-pass'
import { createPpoStep } from '../../engine/rl/ppo-step'
import { createScorer } from '../../engine/rl/scorer'
import type { Runtime } from '../../engine/session'
import { evenLengths } from './length-buckets'
import { inParts, piecesOf, scorerInPieces, stepInPieces } from './micro-batches'
import { paddingShare } from './sorted-pieces'

/** What a run computes with, and the runtime that each of its sessions is opened on. */
export interface RunBase {
  readonly model: Model
  readonly trainable: Trainable
  readonly runtimeFor: (name: string) => Runtime
}

/**
 * Every session of a run on rollouts. The trainer computes with them, and the estimate of its memory looks at their
 * graphs: so the two cannot differ. `promptLengths` are in tokens.
 */
export async function openRolloutSessions(
  run: Pick<RunConfig, 'algorithm' | 'sampling' | 'batch' | 'microBatch' | 'buckets' | 'memory'>,
  { model, trainable, runtimeFor }: RunBase,
  promptLengths: readonly number[],
  value: boolean
) {
  const { algorithm, sampling, batch } = run
  const promptLength = Math.max(...promptLengths)
  const length = promptLength + sampling.maxNewTokens
  const shortest = Math.min(...promptLengths)
  const firstPosition = shortest - 1
  const lengths = evenLengths(shortest, length, run.buckets ?? 1)
  const pieces = piecesOf(run, batch, lengths)
  // Where prompts differ in length, the positions that answers begin at do.
  const responseTokens = firstPosition === promptLength - 1 ? undefined : pieces.micro * sampling.maxNewTokens
  const shape = { model, trainable, batch: pieces.micro, length, firstPosition, value }
  const openScorer = async (options: Pick<PassOptions, 'reference' | 'value'>) => {
    const scorers = []
    for (const one of lengths)
      scorers.push(await createScorer({ ...shape, ...options, length: one, runtime: runtimeFor('scorer') }))
    return scorerInPieces(scorers, pieces)
  }
  return {
    length,
    /** Share of padding in an update on answers that are so long. */
    padding: (own: readonly number[]): number => paddingShare(own, pieces, length),
    generator: await createGenerator({
      model,
      trainable,
      runtime: runtimeFor('generator'),
      batch,
      promptLength,
      maxNewTokens: sampling.maxNewTokens
    }),
    scorer: await openScorer({ reference: true }),
    /** What the update did needs no reference: half the work. */
    policyScorer: await openScorer({ value: false }),
    ppo: stepInPieces(
      await createPpoStep({
        ...shape,
        runtime: runtimeFor('step'),
        reference: algorithm.kl.where === 'loss',
        responseTokens,
        accumulate: inParts(pieces),
        shorter: lengths.slice(0, -1),
        recomputedLayers: run.memory === 'frugal' ? model.config.layers : 0
      }),
      pieces
    )
  }
}
