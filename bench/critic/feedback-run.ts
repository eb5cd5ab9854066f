import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { discardEvaluation, prepareEvaluation } from '../../src/app/critics/evaluate'
import { prepareCriticOf } from '../../src/app/critics/train'
import { importIntoFile } from '../../src/app/import-file'
import { evaluationAnswer, type EvaluationResult } from '../../src/contract/critic-evaluation'
import {
  criticExample,
  criticFiles,
  criticRecord,
  parseCriticTraining,
  type CriticRecord,
  type CriticTrainingInput
} from '../../src/contract/critic-record'
import { evaluateCritic } from '../../src/jobs/critic/evaluate'
import { trainCritic } from '../../src/jobs/critic/train'
import type { CriticQuality } from '../../src/pipeline/reward/critic-quality/quality'
import { openProject } from '../../src/store/project'

/** Documents of each side: the 60 of the test are looked at once, dev comes out of the other 240. */
export const feedbackSplit = { train: 216, dev: 24, test: 60 } as const

/** How each kind is trained: set once, before any figure was seen. Dev ends it early. */
export const feedbackTraining = {
  'span-head': {
    kind: 'span-head',
    lora: null,
    optimizer: { learningRate: 1e-3 },
    batch: 8,
    epochs: 6,
    patience: 2
  },
  generative: {
    kind: 'generative',
    lora: null,
    optimizer: { learningRate: 1e-3 },
    batch: 8,
    epochs: 4,
    patience: 2,
    reply: { maxNewTokens: 512 }
  }
} as const satisfies Readonly<Record<string, Omit<CriticTrainingInput, 'base'>>>

export interface FeedbackResult {
  readonly quality: CriticQuality
  readonly record: CriticRecord
  readonly trainingSeconds: number
  /** Of judging one answer. */
  readonly secondsAnAnswer: number
  /** Documents learnt from, those that chose the checkpoint, and those evaluated on. */
  readonly documents: Readonly<Record<'train' | 'dev' | 'test', number>>
}

const quiet = { emit: () => undefined, takeControl: () => null }

/** A copy of a model folder that reads `context` tokens: its positions are rotations, so there are weights for all. */
export function widened(base: string, dir: string, context: number): string {
  cpSync(base, dir, { recursive: true })
  const file = join(dir, 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...config, max_position_embeddings: context }))
  return dir
}

/**
 * Imports `file` with the split drawn by `seed`, trains a critic in `dir` and measures it on the test, all by the
 * product's own way from file to figures.
 * @throws Error where a prompt or an answer of the test stands in what the critic was made from
 */
export async function runFeedback(
  dir: string,
  file: string,
  seed: number,
  training: CriticTrainingInput,
  resamples = 1000
): Promise<FeedbackResult> {
  mkdirSync(dir, { recursive: true })
  const path = join(dir, 'feedback.t2g')
  await importIntoFile(file, path, { strict: true, split: { counts: feedbackSplit, seed } })
  const configuration = parseCriticTraining({ ...training, seed })
  const folder = await prepareCriticOf(path, configuration, join(dir, 'critic'))
  const started = performance.now()
  await trainCritic(folder, quiet)
  const trainingSeconds = (performance.now() - started) / 1000

  const project = openProject(path, { readOnly: true })
  const { threads } = configuration
  const options = { split: 'test', tokenizer: null, seed, resamples, threads } as const
  const work = prepareEvaluation(project, { ...options, critic: `trained:${folder}` })
  try {
    const documents = requireNoLeak(join(folder, criticFiles.examples), work.request.answersFile)
    const evaluating = performance.now()
    const { quality } = (await evaluateCritic(work.request, quiet)) satisfies EvaluationResult
    const secondsAnAnswer = (performance.now() - evaluating) / 1000 / quality.answers
    const record = criticRecord.parse(JSON.parse(readFileSync(join(folder, criticFiles.record), 'utf8')))
    return { quality, record, trainingSeconds, secondsAnAnswer, documents }
  } finally {
    discardEvaluation(work)
    project.close()
  }
}

/**
 * Compares what a critic was made from with what it is measured on, by the hash of every prompt and of every answer:
 * ids are not trusted.
 * @returns documents of each side
 */
export function requireNoLeak(examplesFile: string, answersFile: string): FeedbackResult['documents'] {
  const examples = linesOf(examplesFile, criticExample.parse).filter(({ split }) => split !== 'test')
  const answers = linesOf(answersFile, evaluationAnswer.parse)
  const known = new Set(examples.flatMap(({ messages, response }) => textHashes(messages, response)))
  const test = answers.filter(({ use }) => use === 'evaluate')
  const leaked = test.filter(({ messages, text }) =>
    textHashes(messages, text).some((hash) => known.has(hash))
  )
  if (leaked.length > 0)
    throw new Error(`${leaked.length} answers of the test were seen in training: ${leaked[0].documentId}.`)
  const count = (ids: readonly string[]): number => new Set(ids).size
  const of = (split: 'train' | 'dev'): number =>
    count(examples.filter((one) => one.split === split).map(({ documentId }) => documentId))
  return { train: of('train'), dev: of('dev'), test: count(test.map(({ documentId }) => documentId)) }
}

function linesOf<T>(file: string, parse: (json: unknown) => T): T[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => parse(JSON.parse(line)))
}

function textHashes(messages: readonly { readonly content: string }[], response: string): string[] {
  const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim()
  return [messages.map(({ content }) => plain(content)).join('\n'), plain(response)].map((text) =>
    createHash('sha256').update(text).digest('hex')
  )
}
