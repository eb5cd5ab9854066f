import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CriticEvaluation, EvaluationResult } from '../../contract/critic-evaluation'
import type { JobRequest } from '../../contract/job'
import { writeWhole } from '../../files/atomic-file'
import { Failure } from '../../pipeline/failure'
import type { Split } from '../../pipeline/optimise/split'
import type { Project } from '../../store/project'
import { openFolderTokenizer } from '../align/open-tokenizer'
import { readingOf } from '../open-to-read'
import { sha256 } from '../sha256'
import { evaluationsFolderOf } from './evaluations'
import { absoluteCritic, criticFingerprint, readCritic } from './fingerprint'
import { requireUnlearned } from './learned'
import { markedAnswers } from './marked-answers'

export interface EvaluateOptions {
  readonly critic: string
  readonly split: Split
  /** Folder of the tokenizer whose tokens are counted; null is the trained critic's own, or words. */
  readonly tokenizer: string | null
  readonly seed: number
  readonly resamples?: number
  readonly threads: number
  readonly device?: string
  readonly allowedHosts?: readonly string[]
}

type EvaluateRequest = Extract<JobRequest, { kind: 'evaluate-critic' }>

/** An evaluation that is prepared: plain data, so that another thread can prepare it. */
export interface EvaluationWork {
  readonly request: EvaluateRequest
  /** Thrown away at the end. */
  readonly folder: string
  /** Where evaluations of the project are kept. */
  readonly keptIn: string
  readonly head: Omit<CriticEvaluation, 'quality' | 'critic' | 'evaluatedAt'>
}

/**
 * Writes down what the job needs to measure a critic on a project; a host does the job, `keepEvaluation` puts its figures
 * where the window and the gate find them.
 * @throws Failure nothing-to-train where nobody marked an answer of the split, bad-input where the critic was made
 *   from answers of the split, and what reading may throw; nothing is left then
 */
export function prepareEvaluation(project: Project, options: EvaluateOptions): EvaluationWork {
  const critic = absoluteCritic(options.critic)
  requireUnlearned(project, critic, options.split)
  const tokenizer = tokenizerOf(critic, options.tokenizer)
  const { answers, splitSha256 } = markedAnswers(project, options.split, tokenizer?.tokenizer ?? null)
  if (!answers.some(({ use }) => use === 'evaluate'))
    throw new Failure(
      'nothing-to-train',
      `No answer of the ${options.split} split has been marked by a person: submit some first.`
    )
  const lines = answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-evaluate-'))
  const answersFile = join(folder, 'answers.jsonl')
  try {
    writeFileSync(answersFile, lines)
  } catch (error) {
    discardEvaluation({ folder })
    throw error
  }
  return {
    folder,
    keptIn: evaluationsFolderOf(project.file),
    head: {
      version: 1,
      split: options.split,
      splitSha256,
      dataSha256: sha256(lines),
      tokens: tokenizer?.hash ?? 'words',
      seed: options.seed
    },
    request: {
      kind: 'evaluate-critic',
      critic,
      answersFile,
      seed: options.seed,
      resamples: options.resamples ?? 1000,
      threads: options.threads,
      device: options.device ?? 'cpu',
      allowedHosts: options.allowedHosts && [...options.allowedHosts]
    }
  }
}

/** Writes the evaluation beside the project; a later one of the same critic and split takes its place. */
export function keepEvaluation(
  { request, keptIn, head }: EvaluationWork,
  { id, version, quality }: EvaluationResult
): CriticEvaluation {
  const fingerprint = criticFingerprint(request.critic)
  const evaluation: CriticEvaluation = {
    ...head,
    critic: { specification: request.critic, id, version, fingerprint },
    evaluatedAt: new Date().toISOString(),
    quality
  }
  mkdirSync(keptIn, { recursive: true })
  const name = `${sha256(fingerprint).slice(0, 16)}-${head.split}.json`
  writeWhole(join(keptIn, name), `${JSON.stringify(evaluation, null, 1)}\n`)
  return evaluation
}

export const discardEvaluation = ({ folder }: Pick<EvaluationWork, 'folder'>): void =>
  rmSync(folder, { recursive: true, force: true })

function tokenizerOf(critic: string, asked: string | null): ReturnType<typeof openFolderTokenizer> | null {
  if (asked !== null) return openFolderTokenizer(asked)
  return critic.startsWith('trained:')
    ? openFolderTokenizer(readCritic(critic.slice('trained:'.length)).base.dir)
    : null
}

/** For the command line: the project is open only while it is read, never while the critic works. */
export async function evaluateOn(
  file: string,
  options: EvaluateOptions,
  host: (request: EvaluateRequest) => Promise<unknown>
): Promise<CriticEvaluation> {
  const work = await readingOf(file, (project) => prepareEvaluation(project, options))
  try {
    return keepEvaluation(work, (await host(work.request)) as EvaluationResult)
  } finally {
    discardEvaluation(work)
  }
}
