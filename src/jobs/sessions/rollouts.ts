import type { RunConfig } from '../../contract/run-config'
import { createGenerator } from '../../engine/generate/generator'
import type { Model, Trainable } from '../../engine/models/model'
import { createPpoStep } from '../../engine/rl/ppo-step'
import { createScorer } from '../../engine/rl/scorer'
import type { Runtime } from '../../engine/session'
import { piecesOf, scorerInPieces, stepInPieces } from './micro-batches'

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
  run: Pick<RunConfig, 'algorithm' | 'sampling' | 'batch' | 'microBatch' | 'memory'>,
  { model, trainable, runtimeFor }: RunBase,
  promptLengths: readonly number[],
  value: boolean
) {
  const { algorithm, sampling, batch } = run
  const pieces = piecesOf(run, batch)
  const promptLength = Math.max(...promptLengths)
  const length = promptLength + sampling.maxNewTokens
  const firstPosition = Math.min(...promptLengths) - 1
  // Where prompts differ in length, the positions that answers begin at do.
  const responseTokens = firstPosition === promptLength - 1 ? undefined : pieces.micro * sampling.maxNewTokens
  const shape = { model, trainable, batch: pieces.micro, length, firstPosition, value }
  return {
    length,
    generator: await createGenerator({
      model,
      trainable,
      runtime: runtimeFor('generator'),
      batch,
      promptLength,
      maxNewTokens: sampling.maxNewTokens
    }),
    scorer: scorerInPieces(
      await createScorer({ ...shape, runtime: runtimeFor('scorer'), reference: true }),
      pieces
    ),
    /** What the update did needs no reference: half the work. */
    policyScorer: scorerInPieces(
      await createScorer({ ...shape, runtime: runtimeFor('scorer'), value: false }),
      pieces
    ),
    ppo: stepInPieces(
      await createPpoStep({
        ...shape,
        runtime: runtimeFor('step'),
        reference: algorithm.kl.where === 'loss',
        responseTokens,
        accumulate: pieces.micro < batch,
        recomputedLayers: run.memory === 'frugal' ? model.config.layers : 0
      }),
      pieces
    )
  }
}
