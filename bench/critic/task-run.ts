import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { taskExamples, type Manner, type TaskExample } from '../../scripts/critic-task/examples'
import type { Split } from '../../scripts/critic-task/world'
import type { Difficulty } from '../../scripts/critic-task/writer'
import {
  criticFiles,
  criticRecord,
  parseCriticTraining,
  type CriticExample,
  type CriticTraining,
  type CriticTrainingInput
} from '../../src/contract/critic-record'
import { openAnyCritic } from '../../src/jobs/critic/open'
import { predictionOf } from '../../src/jobs/critic/evaluate'
import { openPolicy } from '../../src/jobs/model/policy'
import { trainCritic } from '../../src/jobs/critic/train'
import type { EvaluatedAnswer, GoldAnswer } from '../../src/pipeline/reward/critic-quality/answer'
import { criticQuality, type CriticQuality } from '../../src/pipeline/reward/critic-quality/quality'
import { isUnfaithful, type PolicyTokenizer } from '../../src/tokens/tokenizer'
import { lookupF1 } from './lookup'

export const starterModel = resolve(import.meta.dirname, '../../resources/starter-model')

/** Answers of each side of the split. */
export const taskSizes: Readonly<Record<Split, number>> = { train: 2000, dev: 200, test: 400 }

/** What a critic is trained on, and how. */
export interface TaskRecipe {
  readonly training: CriticTrainingInput
  /** What its examples say. */
  readonly manner: Manner
}

/** How the span head is trained on the task: an adapter, so that the base keeps what it knows of other words. */
export const spanHeadRecipe = {
  manner: 'mistakes',
  training: {
    kind: 'span-head',
    base: starterModel,
    lora: { rank: 16, alpha: 32 },
    optimizer: { learningRate: 1.5e-3, weightDecay: 0.01, gradientClip: 1, warmup: 20 },
    batch: 16,
    steps: 300,
    evaluateEvery: 50,
    patience: null,
    metric: 'loss'
  }
} as const satisfies TaskRecipe

/**
 * How the critic that writes is trained on the task, from a base that `makeCriticBase` has made and that has written such
 * replies about made-up cards: every weight but the embeddings, each of the task's own answers read once.
 */
export const generativeRecipe = (base: string): TaskRecipe => ({
  manner: 'every-fact',
  training: {
    kind: 'generative',
    base,
    threads: 1,
    lora: null,
    embeddings: 'frozen',
    optimizer: { learningRate: 3e-4, weightDecay: 0.01, gradientClip: 1, warmup: 20, schedule: 'cosine' },
    batch: 16,
    epochs: 1,
    evaluateEvery: 25,
    patience: null,
    metric: 'loss',
    reply: { maxNewTokens: 200, question: 'verbatim' }
  }
})

export interface TaskResult {
  readonly quality: CriticQuality
  /** F1 of comparing words with the prompt. */
  readonly lookup: ReturnType<typeof lookupF1>
  readonly trainingSeconds: number
  /** Of judging one answer. */
  readonly secondsAnAnswer: number
  readonly bestStep: number
}

/**
 * Makes the task by its seed, trains a critic in `dir`, and measures it on the test, next to the baselines, which learn
 * from the task's own training answers whatever the critic has read.
 */
export async function runTask(
  dir: string,
  seed: number,
  { training, manner }: TaskRecipe,
  difficulty: Difficulty = 'plain'
): Promise<TaskResult> {
  const configuration = parseCriticTraining({ ...training, seed })
  const of = (split: Split): TaskExample[] =>
    taskExamples(seed, split, taskSizes[split], { difficulty, manner })
  const [train, dev, test] = [of('train'), of('dev'), of('test')]
  writeTask(dir, configuration, [...train, ...dev])

  const started = performance.now()
  await trainCritic(dir, { emit: () => undefined, takeControl: () => null })
  const trainingSeconds = (performance.now() - started) / 1000
  const { best } = criticRecord.parse(JSON.parse(readFileSync(join(dir, criticFiles.record), 'utf8')))

  const { tokenizer } = await openPolicy(starterModel, { device: 'cpu', threads: 1 })
  const critic = await openAnyCritic(`trained:${dir}`, { threads: configuration.threads })
  const judged: EvaluatedAnswer[] = []
  const inputs = test.map(({ prompt, response }) => ({
    prompt: [{ role: 'user' as const, content: prompt }],
    response
  }))
  const judging = performance.now()
  for await (const critique of critic.score(inputs, { aborted: false })) {
    const answer = goldOf(test[judged.length], tokenizer)
    judged.push({ ...answer, predicted: predictionOf(critique, answer) })
  }
  const secondsAnAnswer = (performance.now() - judging) / 1000 / test.length
  const quality = criticQuality(judged, {
    train: train.map((one) => goldOf(one, tokenizer)),
    seed,
    resamples: 500
  })
  const golden = test.map((one) => [one, goldOf(one, tokenizer)] as const)
  return { quality, lookup: lookupF1(golden, train), trainingSeconds, secondsAnAnswer, bestStep: best.step }
}

/** The folder that a critic is trained in on examples of the task. */
export function writeTask(
  dir: string,
  configuration: CriticTraining,
  examples: readonly TaskExample[]
): void {
  const lines = examples.map((example) => JSON.stringify(annotated(example)) + '\n').join('')
  mkdirSync(dirname(join(dir, criticFiles.examples)), { recursive: true })
  writeFileSync(join(dir, criticFiles.examples), lines)
  const record = {
    ...{ version: 1, configuration, project: 'critic-task', dropped: [], hashes: {} },
    ...{ splitSha256: sha256(`critic-task ${configuration.seed}`), dataSha256: sha256(lines) }
  }
  writeFileSync(join(dir, criticFiles.training), JSON.stringify(record))
}

const annotated = ({ id, split, prompt, response, critique, spans }: TaskExample): CriticExample => ({
  ...{ annotationId: id, historySequence: 0, responseId: id, documentId: id, split, person: 'script' },
  ...{ messages: [{ role: 'user', content: prompt }], response, critique, weight: 1 },
  spans: spans.map(({ start, end, polarity, reason }) => ({ start, end, polarity, reason }))
})

function goldOf(
  example: TaskExample,
  tokenizer: PolicyTokenizer
): GoldAnswer & { offsets: [number, number][] } {
  const tokens = tokenizer.withOffsets(example.response)
  if (isUnfaithful(tokens)) throw new Error(tokens.unfaithful)
  return {
    ...{ responseId: example.id, documentId: example.id, text: example.response },
    offsets: tokens.offsets.map(([start, end]) => [start, end]),
    people: [{ person: 'script', critique: example.critique, spans: example.spans }]
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
