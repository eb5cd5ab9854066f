import type { RunConfig } from '../../contract/run-config'
import { createGenerator } from '../../engine/generate/generator'
import type { Model, Trainable } from '../../engine/models/model'
import { createPpoStep } from '../../engine/rl/ppo-step'
import { createScorer } from '../../engine/rl/scorer'
import type { Runtime } from '../../engine/session'

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
  { algorithm, sampling, batch }: Pick<RunConfig, 'algorithm' | 'sampling' | 'batch'>,
  { model, trainable, runtimeFor }: RunBase,
  promptLengths: readonly number[],
  value: boolean
) {
  const promptLength = Math.max(...promptLengths)
  const length = promptLength + sampling.maxNewTokens
  const firstPosition = Math.min(...promptLengths) - 1
  const shape = { model, trainable, batch, length, firstPosition, value }
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
    scorer: await createScorer({ ...shape, runtime: runtimeFor('scorer'), reference: true }),
    /** What the update did needs no reference: half the work. */
    policyScorer: await createScorer({ ...shape, runtime: runtimeFor('scorer'), value: false }),
    ppo: await createPpoStep({
      ...shape,
      runtime: runtimeFor('step'),
      reference: algorithm.kl.where === 'loss'
    })
  }
}
