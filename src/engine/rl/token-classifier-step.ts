import { float32, Graph, int64, scalar } from '../graph'
import { neededTokens } from '../models/token-rows'
import type { OptimizerSettings } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime, Tensors } from '../session'
import { responseRows } from './predicting'
import { listOf, type MicroBatches } from './shares'
import { tokenClasses, type TokenClass } from './span-head'
import { classifierLoss, type ClassifierOptions } from './token-classifier'
import { openTrainingStep, type StepOptions } from './training-step'

export type ClassifierStepOptions = ClassifierOptions & StepOptions & { readonly runtime: Runtime }

/** Arrays are [B·T], row-major; entry t belongs to token t + 1. */
export interface ClassifierBatch {
  readonly ids: BigInt64Array
  /** What token t + 1 weighs, 0 where it is no response token. */
  readonly weights: Float32Array
  /** Index into `tokenClasses` of token t + 1; read where the weight is not 0. */
  readonly classes: Float32Array
}

export interface ClassifierSettings extends OptimizerSettings {
  /** What a token counts for by its class, next to its own weight. Default 1 each. */
  readonly classWeights?: Readonly<Partial<Record<TokenClass, number>>>
  /** Of the language model's part of the loss; default 0. */
  readonly languageCoefficient?: number
}

export interface ClassifierStats {
  readonly loss: number
  /** Nats a token, by weight. */
  readonly classLoss: number
  /** Nats a token that is not poor. */
  readonly languageLoss: number
  readonly gradientNorm: number
}

export interface ClassifierStep {
  /** One step on one batch or, if it was made to `accumulate`, on any number of them. */
  step(
    batches: MicroBatches<ClassifierBatch>,
    settings: ClassifierSettings,
    state: TrainingState
  ): Promise<ClassifierStats>
  release(): Promise<void>
}

/** A token classifier's update as one graph; see `classifierLoss`, and `TrainingStep.run` for what it promises. */
export async function createClassifierStep(options: ClassifierStepOptions): Promise<ClassifierStep> {
  const training = await openTrainingStep(classifierLoss(new Graph(), options), options.runtime, {}, options)
  return {
    release: () => training.release(),
    step: async (batches, settings, state) => {
      const inputs = classifierInputs(options, listOf(batches), settings)
      return (await training.run(inputs, settings, state)) as unknown as ClassifierStats
    }
  }
}

/** What to feed for each micro-batch of one step: shares sum to 1 over all of them. */
export function classifierInputs(
  { batch, length, responseTokens }: ClassifierOptions,
  batches: readonly ClassifierBatch[],
  {
    classWeights = {},
    languageCoefficient = 0
  }: Pick<ClassifierSettings, 'classWeights' | 'languageCoefficient'>
): Tensors[] {
  const ofClass = tokenClasses.map((name) => classWeights[name] ?? 1)
  const poor = tokenClasses.indexOf('poor')
  const kept = batches.map(({ weights, classes }) =>
    [...weights.keys()]
      .filter((position) => weights[position] !== 0)
      .map((position) => ({ token: classes[position], weight: weights[position] }))
  )
  const forClass = kept.map((tokens) => tokens.map(({ token, weight }) => weight * ofClass[token]))
  const forLanguage = kept.map((tokens) => tokens.map(({ token, weight }) => (token === poor ? 0 : weight)))
  const [classTotal, languageTotal] = [forClass, forLanguage].map((lists) => lists.flat().reduce(plus, 0))
  const shares = (weights: readonly number[], total: number): ReturnType<typeof float32> => {
    const all = new Float32Array(responseTokens)
    if (total > 0) all.set(weights.map((weight) => weight / total))
    return float32([responseTokens], all)
  }
  return batches.map(({ ids, weights }, index) => {
    const classes = new BigInt64Array(responseTokens)
    const tokens = responseRows(ids, weights, length, responseTokens) // refuses more tokens than there is room for
    classes.set(kept[index].map(({ token }) => BigInt(token)))
    return {
      ...tokens,
      // The head reads the state of the token itself, one further than what predicts it.
      ...neededTokens(batch, length, weights, 1),
      ids: int64([batch, length], ids),
      classes: int64([responseTokens, 1], classes),
      classShares: shares(forClass[index], classTotal),
      languageShares: shares(forLanguage[index], languageTotal),
      languageCoefficient: scalar(languageCoefficient)
    }
  })
}

const plus = (a: number, b: number): number => a + b
