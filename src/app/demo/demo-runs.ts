import { join } from 'node:path'
import type { RunConfig } from '../../contract/run-config'
import { parseRunConfig } from '../../contract/run-record'

/** What the demo works on: the folder `resources` of the program. */
export const demoFiles = (resources: string) => ({
  model: join(resources, 'starter-model'),
  /** Answers of the starter model with their marks, in our lossless JSON Lines. */
  answers: join(resources, 'sample-project', 'answers.jsonl'),
  /** Prompts about bridges that neither the starter model nor the sample has met. */
  prompts: join(resources, 'held-out-prompts.jsonl')
})

export const seedCount = 3

/** The marks as they are, and the same marks moved to random places inside their answers. */
export const demoControls = ['none', 'shuffle'] as const
export type DemoControl = (typeof demoControls)[number]

/** Longest answer, in tokens: twice what the starter model writes. */
export const demoAnswerLength = 64

/**
 * One run of the demo. It trains on the stored answers: the reward stands at the token where a marked stretch begins,
 * which is where the model chose it. The ratio may leave 1 by 0.8, since a habit of one in four has to become rare.
 */
export function demoConfig(model: string, seed: number, control: DemoControl): RunConfig {
  const steps = 24
  return parseRunConfig({
    version: 1,
    seed,
    threads: 2,
    model,
    template: 'tokenizer',
    source: 'annotated',
    align: { placement: 'first' },
    control,
    algorithm: {
      name: 'span-offline',
      surrogate: 'clipped',
      clip: 0.8,
      epochs: 2,
      kl: { where: 'loss', estimator: 'full', coefficient: 0.1 }
    },
    sampling: { temperature: 1, maxNewTokens: demoAnswerLength },
    optimizer: { learningRate: 1e-3 },
    batch: 32,
    steps,
    evaluateEvery: steps / 3,
    checkpointEvery: steps
  })
}
